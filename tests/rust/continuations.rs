//! What the kernel is told at a cut: counters, siblings and IVs that the library works out.

use afalg::constraints::Continuation;
use afalg::error::{Errno, Error, InputFault, Refusal, Result, Stage};
use afalg::kernel::Message;
use afalg::request::Direction::{Decrypt, Encrypt};
use afalg::span::{In, Out};

use crate::fake::{Answer, Call, Kernel, Sent};
use crate::fixture::{BOTH, PLACES, Place, Rig, open};
use crate::socket::PAGE;

/// The IVs of the pieces, and their lengths.
fn told(sends: &[Sent]) -> Vec<(Vec<u8>, usize)> {
    let one = |sent: &Sent| (sent.head.clone().map(|(_, iv)| iv).unwrap_or_default(), sent.len);
    sends.iter().map(one).collect()
}

fn counter(iv: &[u8], at: usize, field: &[u8]) -> Vec<u8> {
    let mut iv = iv.to_vec();
    iv[at..at + field.len()].copy_from_slice(field);
    iv
}

#[test]
fn each_piece_of_a_stream_cipher_carries_its_counter() {
    for (name, at) in [("chacha20", 0), ("xchacha20", 24)] {
        let rig = Rig::new(name);
        let blocks = u32::try_from(rig.limit / 64).unwrap();
        rig.check(Encrypt, Place::Apart, 2 * rig.limit + 65);
        let sends = rig.sends();
        let iv = |count: u32| counter(&rig.iv, at, &count.to_le_bytes());
        let due = [(iv(7), rig.limit), (iv(7 + blocks), rig.limit), (iv(7 + 2 * blocks), 65)];
        assert_eq!(told(&sends), due, "{name}");
        assert!(sends.iter().all(|sent| !sent.more), "{name}");
    }
}

#[test]
fn a_piece_of_xchacha20_ends_where_the_kernel_would_wrap() {
    let mut rig = Rig::new("xchacha20");
    for before in 1..=3 {
        let start = (1_u64 << 32) - before;
        rig.iv = counter(&rig.iv, 24, &start.to_le_bytes());
        let head = 64 * usize::try_from(before).unwrap();
        for direction in BOTH {
            for place in PLACES {
                rig.check(direction, place, rig.limit + 5);
            }
        }
        rig.kernel.calls();
        rig.check(Encrypt, Place::Apart, rig.limit);
        let next = counter(&rig.iv, 24, &(1_u64 << 32).to_le_bytes());
        assert_eq!(told(&rig.sends()), [(rig.iv.clone(), head), (next, rig.limit - head)]);
        let (input, due) = rig.pair(Encrypt, 64 * 6 + 1);
        let ends = [64, 128, 256, input.len()];
        assert_eq!(rig.in_parts(Encrypt, Place::Apart, &input, &ends).unwrap(), due);
    }
}

#[test]
fn a_big_endian_counter_wraps_around_its_whole_width() {
    for name in ["ctr(aes)", "ctr(des3_ede)"] {
        let mut rig = Rig::new(name);
        rig.iv.fill(0xff);
        let (input, due) = rig.pair(Encrypt, 5 * rig.chunk() + 1);
        let ends: Vec<usize> = (1..=5).map(|cut| cut * rig.chunk()).chain([input.len()]).collect();
        assert_eq!(rig.in_parts(Encrypt, Place::Apart, &input, &ends).unwrap(), due, "{name}");
        rig.check(Encrypt, Place::Apart, 2 * rig.limit);
    }
}

/// The tfms that a cipher bound, and the lengths of their keys.
fn keyed(name: &str) -> Vec<(String, Option<usize>)> {
    let kernel = Kernel::small();
    let _cipher = open(&kernel, name).unwrap();
    let mut all = Vec::<(String, Option<usize>)>::new();
    for call in kernel.calls() {
        match call {
            Call::Open { name } => all.push((name, None)),
            Call::SetKey { len, .. } => all.last_mut().unwrap().1 = Some(len),
            _ => {}
        }
    }
    all
}

#[test]
fn keys_go_to_the_cipher_and_to_its_sibling() {
    let due = |all: &[(&str, Option<usize>)]| {
        all.iter().map(|(name, len)| ((*name).to_owned(), *len)).collect::<Vec<_>>()
    };
    let cts = [("cts(cbc(aes))", Some(32)), ("cbc(aes)", Some(32))];
    let rfc3686 = [("rfc3686(ctr(aes))", Some(36)), ("ctr(aes)", Some(32))];
    assert_eq!(keyed("cts(cbc(aes))"), due(&cts));
    assert_eq!(keyed("rfc3686(ctr(aes))"), due(&rfc3686));
    assert_eq!(keyed("xts(aes)"), due(&[("xts(aes)", Some(64))]));
    assert_eq!(keyed("ecb(cipher_null)"), due(&[("ecb(cipher_null)", None)]));
}

#[test]
fn a_long_rfc3686_message_goes_through_ctr() {
    let rig = Rig::new("rfc3686(ctr(aes))");
    rig.check(Encrypt, Place::Apart, rig.limit);
    assert_eq!(told(&rig.sends()), [(rig.iv.clone(), rig.limit)], "what fits goes as it is");
    let (input, due) = rig.pair(Encrypt, rig.limit + 1);
    assert_eq!(rig.crypt(Encrypt, Place::Apart, &input).unwrap(), due);
    let key = crate::fixture::key(rig.cipher.constraints());
    let iv = [&key[32..], &rig.iv[..], &[0, 0, 0, 1]].concat();
    assert_eq!(told(&rig.sends()), [(iv, rig.limit), (Vec::new(), 1)]);
}

#[test]
fn a_long_cts_message_leaves_its_tail_to_cts() {
    let rig = Rig::new("cts(cbc(aes))");
    rig.check(Encrypt, Place::Apart, rig.limit);
    assert_eq!(told(&rig.sends()), [(rig.iv.clone(), rig.limit)], "what fits goes as it is");
    for (direction, place) in [(Encrypt, Place::Apart), (Decrypt, Place::InPlace)] {
        for (tail, len) in [(17, 2 * rig.limit + 1), (32, 2 * rig.limit)] {
            let (input, due) = rig.pair(direction, len);
            assert_eq!(rig.crypt(direction, place, &input).unwrap(), due);
            let (sends, head) = (rig.sends(), len - tail);
            let cipher = if direction == Encrypt { &due } else { &input };
            let before = cipher[head - 16..head].to_vec();
            let all = [(rig.iv.clone(), rig.limit), (vec![], head - rig.limit), (before, tail)];
            assert_eq!(told(&sends), all, "{direction:?}");
            assert_ne!(sends[1].op, sends[2].op);
            assert!(sends[0].more && !sends[1].more && !sends[2].more);
        }
    }
    assert_eq!(rig.kernel.ops().len(), 2, "both op sockets are used again");
}

/// A cipher whose sibling is refused in some way still serves what one request carries.
fn check_alone(kernel: Kernel, name: &str) {
    let rig = Rig::with(kernel, name, PAGE);
    assert_eq!(rig.cipher.continuation(), Continuation::OneRequest, "{name}");
    assert_eq!(rig.cipher.max_message(), Some(rig.limit), "{name}");
    assert_eq!((rig.kernel.tfms(), rig.kernel.ops().len()), (1, 1), "{name}");
    for len in [rig.chunk(), rig.limit - 1, rig.limit] {
        rig.check(Encrypt, Place::Apart, len);
        rig.check(Decrypt, Place::InPlace, len);
        let (input, due) = rig.pair(Encrypt, len);
        let whole = rig.in_parts(Encrypt, Place::Apart, &input, &[len]);
        assert_eq!(whole.unwrap(), due, "{name} {len}");
    }
    rig.kernel.calls();
    let failure = rig.crypt(Encrypt, Place::Apart, &vec![0; rig.limit + 1]).unwrap_err();
    assert!(matches!(failure.error, Error::Input { fault: InputFault::TooLong, .. }), "{name}");
    assert_eq!(rig.kernel.calls(), [], "{name}");
}

const SIBLINGS: [(&str, &str); 2] =
    [("cts(cbc(aes))", "cbc(aes)"), ("rfc3686(ctr(aes))", "ctr(aes)")];

#[test]
fn a_sibling_that_may_not_be_bound_leaves_one_request() {
    for (name, sibling) in SIBLINGS {
        let kernel = Kernel::small();
        kernel.refuse(sibling);
        check_alone(kernel, name);
        for errno in [libc::EACCES, libc::EPERM, libc::EINVAL, libc::ELIBBAD] {
            let kernel = Kernel::small();
            kernel.answer(Stage::Bind, 1, Answer::Fail(errno));
            check_alone(kernel, name);
        }
    }
}

/// What would pass by itself must not decide how long a message may be.
#[test]
fn a_sibling_that_cannot_be_had_just_now_is_an_error() {
    for (name, _) in SIBLINGS {
        for (stage, errno) in [
            (Stage::Socket, libc::EMFILE),
            (Stage::Bind, libc::ENOMEM),
            (Stage::SetKey, libc::ENOMEM),
            (Stage::Accept, libc::EMFILE),
        ] {
            let kernel = Kernel::small();
            kernel.answer(stage, 1, Answer::Fail(errno));
            let due = Refusal { stage, errno: Errno(errno) };
            let error = open(&kernel, name).unwrap_err();
            let told = matches!(error, Error::Kernel { refusal, .. } if refusal == due);
            assert!(told, "{name} {stage:?}: {error:?}");
            assert_eq!((kernel.tfms(), kernel.ops().len()), (0, 0), "{name} {stage:?}");
        }
    }
}

/// Passes four chunks on.
fn advance(rig: &Rig, message: &mut Message<Kernel>, last: bool) -> Result<()> {
    let (input, mut output) = (vec![1; 4 * rig.chunk()], vec![0; 4 * rig.chunk()]);
    let (input, output) = (In::from_slice(&input), Out::from_slice(&mut output));
    message.advance(&rig.cipher, input, output, last, &mut || false)
}

#[test]
fn a_message_that_was_lost_or_has_ended_refuses_by_itself() {
    let spoil: [fn(&Rig, &mut Message<Kernel>); 3] = [
        |rig, message| {
            rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::EIO));
            advance(rig, message, false).unwrap_err();
        },
        |rig, message| advance(rig, message, true).unwrap(),
        |_, message| message.end(),
    ];
    for name in ["cbc(aes)", "ctr(aes)", "ofb(aes)", "lrw(aes)", "pcbc(aes)", "chacha20"] {
        for spoil in spoil {
            let rig = Rig::new(name);
            let mut message = rig.cipher.begin(Encrypt, &rig.iv());
            advance(&rig, &mut message, false).unwrap();
            spoil(&rig, &mut message);
            rig.kernel.calls();
            for last in [false, true] {
                let error = advance(&rig, &mut message, last).unwrap_err();
                assert!(matches!(error, Error::StreamState { .. }), "{name}: {error:?}");
                assert!(error.to_string().contains("begin a new one"), "{error}");
            }
            assert_eq!(rig.sends(), [], "{name}");
        }
    }
}
