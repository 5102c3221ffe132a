//! Keys of a keyring, over the fake kernel: the same bytes where they can be had, and never half a
//! message under another key.

use afalg::algorithm::Algorithm;
use afalg::constraints::Continuation;
use afalg::error::{Errno, Error, InputFault, KeyFault, Result, Stage};
use afalg::kernel::KernelCipher;
use afalg::key::{Key, Serial};
use afalg::request::Direction;

use crate::fake::{Answer, Call, Kernel};
use crate::fixture::{ALL, Place, Rig, bytes, constraints, key, process};

fn open(kernel: &Kernel, name: &str) -> Result<KernelCipher<Kernel>> {
    let algorithm = Algorithm::new(name).unwrap();
    KernelCipher::open(&process(name), kernel, &algorithm, Key::InKeyring(Serial(7)))
}

fn has_no_key(name: &str) -> bool {
    name == "ecb(cipher_null)"
}

#[test]
fn a_key_of_a_keyring_gives_what_its_bytes_give() {
    for name in ALL.into_iter().filter(|name| !has_no_key(name)) {
        let mut rig = Rig::new(name);
        let kernel = Kernel::small();
        kernel.keep(vec![key(&constraints(name))]);
        rig.cipher = open(&kernel, name).unwrap();
        for len in [rig.chunk(), rig.limit, rig.long()] {
            rig.check(Direction::Encrypt, Place::Apart, len);
        }
    }
}

#[test]
fn nobody_can_split_rfc3686s_key() {
    let (kernel, name) = (Kernel::small(), "rfc3686(ctr(aes))");
    kernel.keep(vec![key(&constraints(name))]);
    let cipher = open(&kernel, name).unwrap();
    assert_eq!(cipher.continuation(), Continuation::OneRequest);
    assert_eq!(kernel.tfms(), 1);
}

#[test]
fn a_key_whose_bytes_change_between_cts_and_its_cbc_is_taken_anew() {
    let name = "cts(cbc(aes))";
    let mut rig = Rig::new(name);
    let kernel = Kernel::small();
    kernel.keep(vec![bytes(32, 9), key(&constraints(name))]);
    rig.cipher = open(&kernel, name).unwrap();
    let keys = kernel.calls().into_iter().filter(|call| matches!(call, Call::SetKey { .. }));
    assert_eq!((keys.count(), kernel.tfms()), (4, 2));
    for len in [rig.chunk(), rig.limit, rig.long()] {
        rig.check(Direction::Encrypt, Place::Apart, len);
    }
}

#[test]
fn a_key_whose_bytes_change_all_the_time_is_refused() {
    let kernel = Kernel::small();
    kernel.keep((0..100).map(|seed| bytes(32, seed)).collect());
    let error = open(&kernel, "cts(cbc(aes))").unwrap_err();
    assert!(matches!(error, Error::Keyring { fault: KeyFault::Changing, .. }), "{error:?}");
    assert!(error.to_string().contains("is given new bytes all the time"), "{error}");
    assert_eq!((kernel.ops().len(), kernel.tfms()), (0, 0));
}

#[test]
fn a_block_that_cannot_be_compared_is_the_kernel_s_error() {
    let (kernel, name) = (Kernel::small(), "cts(cbc(aes))");
    kernel.keep(vec![bytes(32, 1)]);
    kernel.answer(Stage::Send, 0, Answer::Fail(libc::EIO));
    let error = open(&kernel, name).unwrap_err();
    assert!(matches!(error, Error::Kernel { .. }), "{error:?}");
    assert_eq!((kernel.ops().len(), kernel.tfms()), (0, 0));
}

#[test]
fn a_cipher_without_a_key_takes_none_from_a_keyring() {
    let kernel = Kernel::small();
    kernel.keep(vec![vec![]]);
    let error = open(&kernel, "ecb(cipher_null)").unwrap_err();
    assert!(matches!(error, Error::Input { fault: InputFault::Key, .. }), "{error:?}");
    assert!(error.to_string().contains("has no key"), "{error}");
}

#[test]
fn a_policy_is_told_from_a_key_s_own_refusal() {
    for errno in [libc::EACCES, libc::EPERM] {
        let (of_the_key, of_a_policy) = (Kernel::small(), Kernel::small());
        of_a_policy.forbid(errno);
        for kernel in [&of_the_key, &of_a_policy] {
            kernel.keep(vec![bytes(32, 1)]);
            kernel.answer(Stage::SetKey, 0, Answer::Fail(errno));
        }
        let error = open(&of_a_policy, "cbc(aes)").unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        let error = open(&of_the_key, "cbc(aes)").unwrap_err();
        match errno {
            libc::EACCES => assert!(matches!(error, Error::Keyring { .. }), "{error:?}"),
            _ => assert!(matches!(error, Error::Kernel { .. }), "{error:?}"),
        }
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_key_that_is_still_being_made() {
    let kernel = Kernel::small();
    kernel.keep(vec![bytes(32, 1)]);
    kernel.answer(Stage::SetKey, 0, Answer::Fail(libc::EINTR));
    let error = open(&kernel, "cbc(aes)").unwrap_err();
    let Error::Kernel { refusal, .. } = error else { panic!("{error:?}") };
    assert_eq!((refusal.stage, refusal.errno), (Stage::SetKey, Errno(libc::EINTR)));
    assert_eq!(kernel.tfms(), 0);
}
