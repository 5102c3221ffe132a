//! An algorithm is asked for a published answer before it is trusted. The toy ciphers of the fake
//! kernel are what a broken driver is: they compute something else.

use afalg::algorithm::Algorithm;
use afalg::error::{Errno, Error, Stage};
use afalg::kernel::trust;
use afalg::process;

use crate::fake::{Answer, Call, Kernel};
use crate::fixture::process;

fn asked(kernel: &Kernel) -> usize {
    kernel.calls().iter().filter(|call| matches!(call, Call::Send(_))).count()
}

#[test]
fn a_wrong_answer_is_an_error_for_as_long_as_the_process_lives() {
    for name in ["cbc(aes)", "ctr(aes)", "xts(aes)", "chacha20", "cts(cbc(aes))", "hctr2(aes)"] {
        let (kernel, process, algorithm) = (Kernel::small(), process(name), Algorithm::new(name));
        let algorithm = algorithm.unwrap();
        let first = trust(&process, &kernel, &algorithm).unwrap_err();
        assert!(matches!(first, Error::SelfTest { .. }), "{name}: {first:?}");
        assert!(first.to_string().contains("gives wrong bytes for a published message"));
        assert!(asked(&kernel) > 0);
        assert_eq!(trust(&process, &kernel, &algorithm), Err(first));
        assert_eq!(kernel.calls(), [], "it was asked before");
        assert_eq!((kernel.ops().len(), kernel.tfms()), (0, 0));
    }
}

#[test]
fn what_was_never_published_is_not_asked() {
    let (kernel, process) = (Kernel::small(), process("ctr(des3_ede)"));
    let algorithm = Algorithm::new("ctr(des3_ede)").unwrap();
    for binds in [1, 0] {
        assert_eq!(trust(&process, &kernel, &algorithm), Ok(process::Verdict::NotAsked));
        assert_eq!(kernel.calls().len(), binds);
    }
}

#[test]
fn a_driver_that_fails_is_not_trusted_and_asked_again() {
    let algorithm = Algorithm::new("cbc(aes)").unwrap();
    for (stage, errno, is_its_fault) in [
        (Stage::SetKey, libc::EIO, true),
        (Stage::Send, libc::EIO, true),
        (Stage::Receive, libc::ETIMEDOUT, true),
        (Stage::Accept, libc::EMFILE, false),
        (Stage::Accept, libc::ENFILE, false),
    ] {
        let (kernel, process) = (Kernel::small(), process("cbc(aes)"));
        kernel.answer(stage, 0, Answer::Fail(errno));
        let error = trust(&process, &kernel, &algorithm).unwrap_err();
        match &error {
            Error::SelfTest { text } if is_its_fault => {
                assert!(text.contains(&format!("{} answered", stage.name())), "{text}");
            }
            Error::Kernel { refusal, .. } if !is_its_fault => {
                assert_eq!((refusal.stage, refusal.errno), (stage, Errno(errno)));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(process.answers.of("cbc(aes)"), None);
        kernel.calls();
        trust(&process, &kernel, &algorithm).unwrap_err();
        assert!(asked(&kernel) > 0);
    }
}

#[test]
fn a_key_of_a_size_that_the_driver_does_not_take_asks_nothing() {
    let (kernel, process) = (Kernel::small(), process("cbc(aes)"));
    kernel.answer(Stage::SetKey, 0, Answer::Fail(libc::EINVAL));
    let algorithm = Algorithm::new("cbc(aes)").unwrap();
    assert_eq!(trust(&process, &kernel, &algorithm), Ok(process::Verdict::NotAsked));
}
