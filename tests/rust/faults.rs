//! Invariant 5 of `src/kernel/request_loop.rs`: after an error the op socket is gone, and what
//! was only short of memory is tried once more.

use std::time::{Duration, Instant};

use afalg::error::{Errno, Error, InputFault, Stage};
use afalg::request::Direction::{Decrypt, Encrypt};

use crate::fake::{Answer, Kernel};
use crate::fixture::{ALL, BOTH, Bytes, Failure, PLACES, Place, Rig, WAYS};
use crate::socket::PAGE;

const SHORT_OF_MEMORY: [i32; 2] = [libc::ENOMEM, libc::ENOBUFS];

/// The op socket of the send or receive that was refused is closed, and another message is right.
fn check_gone(rig: &Rig, failure: &Failure, what: &str) {
    let refused = Err(failure.refusal().1);
    let sends = rig.sends();
    let op = sends.iter().find(|sent| sent.answer == refused).or(sends.last()).unwrap().op;
    assert!(!rig.kernel.ops().contains(&op), "{what}: the op socket is still there");
    rig.check(Encrypt, Place::Apart, rig.long());
    assert!(rig.sends().iter().all(|sent| sent.op != op), "{what}");
}

#[test]
fn invariant_5_an_op_socket_that_saw_an_error_is_closed() {
    for name in ALL {
        for stage in [Stage::Send, Stage::Receive] {
            let rig = Rig::new(name);
            let pieces = if rig.takes(3 * rig.limit) { 4 } else { 1 };
            for (nth, errno) in
                (0..pieces).zip([libc::EIO, libc::EINVAL, libc::EBUSY, libc::EAGAIN])
            {
                rig.kernel.answer(stage, nth, Answer::Fail(errno));
                let (input, _) = rig.pair(Encrypt, rig.long());
                let failure = rig.crypt(Encrypt, Place::Apart, &input).unwrap_err();
                assert_eq!(failure.refusal(), (stage, Errno(errno)), "{name} {nth}");
                check_gone(&rig, &failure, name);
            }
        }
    }
}

#[test]
fn invariant_5_a_shortage_of_memory_is_tried_once_more() {
    for name in WAYS {
        for errno in SHORT_OF_MEMORY {
            for stage in [Stage::Send, Stage::Receive] {
                let tries = if name == "ofb(aes)" { 1 } else { 4 };
                for nth in 0..tries {
                    for (direction, place) in [(Encrypt, Place::Apart), (Decrypt, Place::Apart)] {
                        let rig = Rig::new(name);
                        rig.kernel.answer(stage, nth, Answer::Fail(errno));
                        rig.check(direction, place, rig.long());
                        check_second_try(&rig, nth, name);
                    }
                }
            }
        }
    }
}

/// Behind the refused piece comes another op socket, with an IV and at most half the piece.
fn check_second_try(rig: &Rig, nth: usize, name: &str) {
    let sends = rig.sends();
    let (refused, again) = (&sends[nth], &sends[nth + 1]);
    assert_ne!(refused.op, again.op, "{name} {nth}");
    assert!(!rig.kernel.ops().contains(&refused.op), "{name} {nth}: it may hold plaintext");
    assert_eq!(again.at, refused.at, "{name} {nth}");
    assert!(again.head.is_some(), "{name} {nth}: a fresh op socket knows no IV");
    let largest = sends[nth + 1..].iter().map(|sent| sent.len).max();
    assert!(largest <= Some(rig.limit / 2), "{name} {nth}: {largest:?}");
    assert!(rig.kernel.ops().contains(&again.op), "{name} {nth}: it is clean");
}

#[test]
fn invariant_5_what_is_short_of_memory_in_place_is_tried_again_while_its_input_is_there() {
    for name in WAYS {
        for direction in BOTH {
            let rig = Rig::new(name);
            rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::ENOMEM));
            rig.check(direction, Place::InPlace, rig.long());
        }
    }
}

#[test]
fn invariant_5_a_piece_in_place_is_not_tried_again_behind_its_receive() {
    for name in ["ecb(aes)", "cbc(aes)", "ctr(aes)", "chacha20", "xts(aes)"] {
        let rig = Rig::new(name);
        let (input, _) = rig.pair(Decrypt, rig.limit);
        rig.kernel.answer(Stage::Receive, 0, Answer::Fail(libc::ENOMEM));
        let failure = rig.crypt(Decrypt, Place::InPlace, &input).unwrap_err();
        assert_eq!(failure.refusal(), (Stage::Receive, Errno(libc::ENOMEM)), "{name}");
        assert_eq!(rig.sends().len(), 1, "{name}: some of the input may be gone");
    }
}

#[test]
fn invariant_5_a_piece_that_came_in_part_is_tried_again_apart_and_not_in_place() {
    for name in ["ecb(aes)", "cbc(aes)", "ctr(aes)"] {
        for place in PLACES {
            let rig = Rig::new(name);
            let (input, due) = rig.pair(Decrypt, rig.long());
            rig.kernel.answer(Stage::Receive, 1, Answer::Short(rig.limit / 2));
            rig.kernel.answer(Stage::Receive, 2, Answer::Fail(libc::ENOMEM));
            match (place, rig.crypt(Decrypt, place, &input)) {
                (Place::Apart, got) => assert!(got.unwrap() == due, "{name}"),
                (Place::InPlace, got) => {
                    let due = (Stage::Receive, Errno(libc::ENOMEM));
                    assert_eq!(got.unwrap_err().refusal(), due, "{name}: the input is gone");
                }
            }
        }
    }
}

#[test]
fn invariant_5_a_second_try_is_half_the_piece_however_much_an_op_socket_carries() {
    for name in ["cbc(aes)", "chacha20"] {
        let most = 64 << 20;
        let rig = Rig::with(Kernel::new((most, most)), name, most);
        rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::ENOMEM));
        rig.crypt(Encrypt, Place::Apart, &vec![1; 1 << 20]).unwrap();
        let sends = rig.sends();
        assert!(sends[1].len <= sends[0].len.div_ceil(2), "{name}: the same piece again");
    }
}

#[test]
fn invariant_5_one_request_is_tried_again_whole() {
    for name in ["xts(aes)", "hctr2(aes)", "cts(cbc(aes))", "rfc3686(ctr(aes))"] {
        for stage in [Stage::Send, Stage::Receive] {
            let rig = Rig::new(name);
            rig.kernel.answer(stage, 0, Answer::Fail(libc::ENOMEM));
            rig.check(Encrypt, Place::Apart, rig.limit);
            let sends = rig.sends();
            assert_eq!(sends.len(), 2, "{name}");
            assert_eq!((&sends[0].head, sends[0].len), (&sends[1].head, sends[1].len), "{name}");
            assert_ne!(sends[0].op, sends[1].op, "{name}");
        }
    }
}

#[test]
fn invariant_5_a_second_shortage_of_memory_is_an_error() {
    for name in WAYS {
        for (first, second) in [(0, 1), (0, 3)] {
            for stage in [Stage::Send, Stage::Receive] {
                let rig = Rig::new(name);
                rig.kernel.answer(stage, first, Answer::Fail(libc::ENOMEM));
                rig.kernel.answer(stage, second, Answer::Fail(libc::ENOBUFS));
                let (input, _) = rig.pair(Encrypt, 3 * rig.limit);
                let failure = rig.crypt(Encrypt, Place::Apart, &input).unwrap_err();
                assert_eq!(failure.refusal(), (stage, Errno(libc::ENOBUFS)), "{name}");
                assert!(failure.error.to_string().contains("optmem_max"), "{}", failure.error);
                check_gone(&rig, &failure, name);
            }
        }
    }
}

#[test]
fn invariant_5_no_second_try_where_only_the_lost_op_socket_knew_the_iv() {
    for name in ["pcbc(aes)", "lrw(aes)", "ofb(aes)"] {
        for stage in [Stage::Send, Stage::Receive] {
            for nth in 1..4 {
                let rig = Rig::new(name);
                rig.kernel.answer(stage, nth, Answer::Fail(libc::ENOMEM));
                let (input, _) = rig.pair(Encrypt, rig.long());
                let failure = rig.crypt(Encrypt, Place::Apart, &input).unwrap_err();
                assert_eq!(failure.refusal(), (stage, Errno(libc::ENOMEM)), "{name} {nth}");
                rig.kernel.answer(stage, nth, Answer::Fail(libc::ENOMEM));
                let ends = [rig.chunk(), 2 * rig.chunk(), 3 * rig.chunk(), 4 * rig.chunk()];
                let failure = rig.in_parts(Encrypt, Place::Apart, &input[..ends[3]], &ends);
                let due = (stage, Errno(libc::ENOMEM));
                assert_eq!(failure.unwrap_err().refusal(), due, "{name} {nth} in parts");
                assert_eq!(rig.kernel.ops(), Vec::<usize>::new(), "{name} {nth}");
            }
        }
    }
}

#[test]
fn invariant_5_a_part_that_is_short_of_memory_is_tried_again_with_its_own_iv() {
    for name in ["ecb(aes)", "cbc(aes)", "ctr(aes)", "cfb(aes)", "chacha20", "rfc3686(ctr(aes))"] {
        for direction in BOTH {
            for nth in 0..3 {
                let rig = Rig::new(name);
                let (input, due) = rig.pair(direction, 5 * rig.chunk());
                rig.kernel.answer(Stage::Receive, nth, Answer::Fail(libc::ENOMEM));
                let ends = [rig.chunk(), 3 * rig.chunk(), 5 * rig.chunk()];
                let got = rig.in_parts(direction, Place::Apart, &input, &ends);
                assert!(got.unwrap() == due, "{name} {nth}");
            }
        }
    }
}

/// A send that is cut short tells how far it got, not why; what comes first in the rest does.
#[test]
fn invariant_5_a_first_send_that_stays_short_tells_the_errno_behind_it() {
    for name in ["xts(aes)", "cbc(aes)", "chacha20"] {
        let rig = Rig::new(name);
        for nth in 0..2 {
            rig.kernel.answer(Stage::Send, nth, Answer::Short(100));
        }
        rig.kernel.answer(Stage::Send, 2, Answer::Fail(libc::EFAULT));
        let failure = rig.crypt(Encrypt, Place::Apart, &vec![1; rig.limit]).unwrap_err();
        assert_eq!(failure.refusal(), (Stage::Send, Errno(libc::EFAULT)), "{name}");
        let [first, second, rest] = &rig.sends()[..] else { panic!("{name}") };
        assert_eq!((rest.at, rest.len), (first.at + 100, second.len - 100), "{name}");
        assert!(rest.head.is_some() && rest.op != second.op, "{name}: it held 100 bytes");
        assert_eq!(rig.kernel.ops(), Vec::<usize>::new(), "{name}: one holds a part");
        rig.check(Encrypt, Place::Apart, rig.long());
    }
}

#[test]
fn invariant_5_a_first_send_that_was_short_for_no_lasting_reason_says_what_is_known() {
    for then in [Answer::Short(100), Answer::Fail(libc::EINTR)] {
        let rig = Rig::new("xts(aes)");
        for (nth, answer) in [Answer::Short(100), Answer::Short(100), then].into_iter().enumerate()
        {
            rig.kernel.answer(Stage::Send, nth, answer);
        }
        let failure = rig.crypt(Encrypt, Place::Apart, &vec![1; rig.limit]).unwrap_err();
        assert_eq!(failure.refusal(), (Stage::Send, Errno(libc::EIO)));
        let text = format!("sendmsg moved 100 of {} bytes", rig.limit);
        assert!(failure.error.to_string().starts_with(&text), "{}", failure.error);
        assert_eq!(rig.kernel.ops(), Vec::<usize>::new());
    }
}

#[test]
fn invariant_5_a_second_op_socket_that_cannot_be_had_is_an_error() {
    let rig = Rig::new("cbc(aes)");
    rig.kernel.answer(Stage::Receive, 1, Answer::Fail(libc::ENOMEM));
    rig.kernel.answer(Stage::Accept, 0, Answer::Fail(libc::EMFILE));
    let failure = rig.crypt(Encrypt, Place::Apart, &vec![1; 2 * rig.limit]).unwrap_err();
    assert_eq!(failure.refusal(), (Stage::Accept, Errno(libc::EMFILE)));
    assert_eq!(rig.kernel.ops(), Vec::<usize>::new());
    assert!(failure.output[..rig.limit].iter().all(|byte| *byte == 0));
}

/// A cipher of a process that may no longer raise buffers: its next op socket carries one page.
fn lessened(name: &str) -> Rig {
    let rig = Rig::with(Kernel::new((8 * PAGE, 9 * PAGE)), name, 8 * PAGE);
    rig.kernel.set_buffers((PAGE, 2 * PAGE));
    rig
}

fn check_too_long(got: Result<Bytes, Failure>) {
    let error = got.unwrap_err().error;
    assert!(matches!(error, Error::Input { fault: InputFault::TooLong, .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("at most {PAGE} in this process")), "{error}");
}

#[test]
fn a_process_that_may_less_than_before_gets_smaller_pieces() {
    for name in ["cbc(aes)", "chacha20", "ofb(aes)"] {
        let rig = lessened(name);
        rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::EIO));
        rig.crypt(Encrypt, Place::Apart, &[0; 64]).unwrap_err();
        rig.check(Encrypt, Place::Apart, 8 * PAGE);
        assert_eq!(rig.sends().iter().map(|sent| sent.len).max(), Some(PAGE), "{name}");
    }
}

#[test]
fn a_process_that_may_less_than_before_refuses_what_cannot_be_cut() {
    let message = vec![0; 8 * PAGE];
    let rig = lessened("xts(aes)");
    rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::EIO));
    rig.crypt(Encrypt, Place::Apart, &message).unwrap_err();
    rig.kernel.calls();
    check_too_long(rig.crypt(Encrypt, Place::Apart, &message));
    check_too_long(rig.in_parts(Encrypt, Place::Apart, &message, &[message.len()]));
    assert_eq!(rig.sends(), []);

    let rig = lessened("xts(aes)");
    rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::ENOMEM));
    check_too_long(rig.crypt(Encrypt, Place::Apart, &message));
    assert_eq!(rig.sends().len(), 1);
}

#[test]
fn a_second_try_fits_the_op_socket_that_it_gets() {
    for (name, len) in [("cbc(aes)", 8 * PAGE), ("chacha20", 8 * PAGE), ("ofb(aes)", 3 * PAGE)] {
        let rig = lessened(name);
        rig.kernel.answer(Stage::Send, 0, Answer::Fail(libc::ENOMEM));
        rig.check(Encrypt, Place::Apart, len);
    }
}

#[test]
fn the_hook_is_asked_now_and_then_between_pieces() {
    let patience = Duration::from_millis(50);
    let late = Answer::Late(patience + Duration::from_millis(10));
    for slow in [vec![], vec![1], vec![1, 2], vec![3]] {
        let rig = Rig::new("cbc(aes)");
        for nth in &slow {
            rig.kernel.answer(Stage::Receive, *nth, late);
        }
        let (input, due) = rig.pair(Encrypt, 4 * rig.limit);
        let (mut count, begin) = (0, Instant::now());
        let mut hook = || {
            count += 1;
            false
        };
        let got = rig.crypt_with(Encrypt, Place::Apart, &input, &mut hook).unwrap();
        assert!(got == due);
        let on_time = begin.elapsed() < patience * u32::try_from(slow.len() + 1).unwrap();
        let due = slow.iter().filter(|nth| **nth < 3).count(); // behind the last, nobody is asked
        assert!(count >= due && (count == due || !on_time), "{slow:?}: {count}");
    }
    let rig = Rig::new("cbc(aes)");
    rig.kernel.answer(Stage::Receive, 1, late);
    let failure = rig.crypt_with(Encrypt, Place::Apart, &vec![1; 4 * rig.limit], &mut || true);
    assert_eq!(failure.unwrap_err().error, Error::Interrupted);
    assert_eq!((rig.sends().len(), rig.kernel.ops()), (2, vec![]));
}
