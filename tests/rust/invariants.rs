//! The invariants of `src/kernel/request_loop.rs`, one test or more to each.

use afalg::error::{Errno, Error, Stage, Unavailable};
use afalg::request::Direction::{Decrypt, Encrypt};

use crate::fake::{Answer, Call, Kernel, Sent};
use crate::fixture::{ALL, BLANK, BOTH, Bytes, PLACES, Place, Rig, WAYS, constraints, key, open};
use crate::socket::PAGE;

#[test]
fn invariant_1_pending_never_exceeds_the_limit() {
    for name in ALL {
        for buffers in [(PAGE, 2 * PAGE), (2 * PAGE + 100, 9 * PAGE)] {
            let limit = buffers.0 - buffers.0 % PAGE;
            let rig = Rig::with(Kernel::new(buffers), name, limit);
            for direction in BOTH {
                rig.check(direction, Place::Apart, rig.long());
            }
            let sends = rig.sends();
            assert!(sends.iter().all(|sent| sent.answer == Ok(sent.len)), "{name}: cut short");
            assert_eq!(sends.iter().map(|sent| sent.pending).max(), Some(limit), "{name}");
        }
    }
}

#[test]
fn invariant_2_operation_and_iv_go_with_the_first_piece_and_only_there() {
    for name in ["ecb(aes)", "cbc(aes)", "ctr(aes)", "ofb(aes)", "lrw(aes)", "pcbc(aes)"] {
        let rig = Rig::new(name);
        for direction in BOTH {
            rig.check(direction, Place::Apart, rig.long());
            let (first, rest) = (Some((direction, rig.iv.clone())), None);
            let heads: Vec<_> = rig.sends().into_iter().map(|sent| sent.head).collect();
            assert_eq!(heads, [first, rest.clone(), rest.clone(), rest], "{name}");
        }
    }
}

#[test]
fn invariant_2_a_later_part_of_a_message_goes_without_them_where_only_the_kernel_knows_the_iv() {
    let rig = Rig::new("ofb(aes)");
    let (input, due) = rig.pair(Encrypt, 4 * rig.limit);
    let ends = [rig.limit, 3 * rig.limit, 4 * rig.limit];
    assert_eq!(rig.in_parts(Encrypt, Place::Apart, &input, &ends).unwrap(), due);
    let sends = rig.sends();
    let heads: Vec<_> = sends.iter().map(|sent| sent.head.is_some()).collect();
    assert_eq!(heads, [true, false, false, false]);
    let mores: Vec<_> = sends.iter().map(|sent| sent.more).collect();
    assert_eq!(mores, [true, true, true, false]);
    assert!(sends.iter().all(|sent| sent.op == sends[0].op));
}

#[test]
fn invariant_2_a_first_send_that_was_cut_short_is_not_gone_on_with() {
    for name in WAYS {
        for most in [1, 16, 100] {
            let rig = Rig::new(name);
            rig.kernel.answer(Stage::Send, 0, Answer::Short(most));
            rig.check(Encrypt, Place::InPlace, rig.long());
            let sends = rig.sends();
            assert_ne!(sends[0].op, sends[1].op, "{name}: the op socket holds a whole message");
            assert_eq!((&sends[0].head, sends[0].at), (&sends[1].head, sends[1].at), "{name}");
            assert!(!rig.kernel.ops().contains(&sends[0].op), "{name}");
        }
    }
}

#[test]
fn invariant_2_a_later_send_that_was_cut_short_goes_on_where_it_was() {
    for name in ["ecb(aes)", "cbc(aes)", "ctr(aes)", "ofb(aes)"] {
        for nth in [1, 3] {
            let rig = Rig::new(name);
            rig.kernel.answer(Stage::Send, nth, Answer::Short(5));
            rig.kernel.answer(Stage::Send, nth + 1, Answer::Short(1));
            rig.check(Encrypt, Place::Apart, rig.long());
            let sends = rig.sends();
            let (cut, again, rest) = (&sends[nth], &sends[nth + 1], &sends[nth + 2]);
            let way = |sent: &Sent| (sent.at, sent.len, sent.more, sent.head.is_some());
            assert_eq!(way(again), (cut.at + 5, cut.len - 5, cut.more, false), "{name}");
            assert_eq!(way(rest), (cut.at + 6, cut.len - 6, cut.more, false), "{name}");
            assert_eq!(rig.kernel.ops(), [cut.op], "{name}");
        }
    }
}

#[test]
fn invariant_3_a_receive_asks_for_exactly_what_is_pending() {
    for name in ALL {
        let rig = Rig::new(name);
        for direction in BOTH {
            for place in PLACES {
                rig.check(direction, place, rig.long());
            }
        }
        let receives = rig.receives();
        assert!(
            !receives.is_empty() && receives.iter().all(|got| got.len == got.pending),
            "{name}"
        );
    }
}

#[test]
fn invariant_3_a_receive_behind_a_short_one_asks_for_the_rest() {
    for name in ["cbc(aes)", "ctr(aes)", "ofb(aes)"] {
        let rig = Rig::new(name);
        for (nth, most) in [(0, 16), (1, 100), (5, 16)] {
            rig.kernel.answer(Stage::Receive, nth, Answer::Short(most));
        }
        rig.check(Decrypt, Place::Apart, rig.long());
        let receives = rig.receives();
        assert_eq!(receives.len(), 4 + 3, "{name}");
        assert!(receives.iter().all(|got| got.len == got.pending), "{name}");
    }
}

#[test]
fn invariant_4_an_interrupted_call_is_made_again_with_the_same_bytes() {
    for name in WAYS {
        for (stage, calls) in [(Stage::Send, 4), (Stage::Receive, 4)] {
            for nth in 0..calls {
                let rig = Rig::new(name);
                rig.kernel.answer(stage, nth, Answer::Fail(libc::EINTR));
                let (input, due) = rig.pair(Decrypt, rig.long());
                let mut asked = 0;
                let mut hook = || {
                    asked += 1;
                    false
                };
                let got = rig.crypt_with(Decrypt, Place::InPlace, &input, &mut hook);
                assert_eq!(got.unwrap(), due, "{name} {stage:?} {nth}");
                assert!(asked > 0, "{name} {stage:?} {nth}"); // more often on a slow machine
                check_same_twice(&rig.kernel.calls(), name);
            }
        }
    }
}

/// The call behind an interrupted one is the same call.
fn check_same_twice(calls: &[Call], name: &str) {
    let interrupted = Err(Errno(libc::EINTR));
    let mut seen = 0;
    for pair in calls.windows(2) {
        match pair {
            [Call::Send(one), Call::Send(two)] if one.answer == interrupted => {
                assert_eq!((one.op, &one.head, one.at), (two.op, &two.head, two.at), "{name}");
                assert_eq!((one.len, one.more), (two.len, two.more), "{name}");
            }
            [Call::Receive(one), Call::Receive(two)] if one.answer == interrupted => {
                assert_eq!((one.op, one.at, one.len), (two.op, two.at, two.len), "{name}");
            }
            _ => continue,
        }
        seen += 1;
    }
    assert_eq!(seen, 1, "{name}");
}

#[test]
fn invariant_4_the_hook_can_end_an_interrupted_message() {
    for name in WAYS {
        for stage in [Stage::Send, Stage::Receive] {
            for nth in 0..4 {
                let rig = Rig::new(name);
                rig.kernel.answer(stage, nth, Answer::Fail(libc::EINTR));
                let (input, _) = rig.pair(Encrypt, rig.long());
                let got = rig.crypt_with(Encrypt, Place::Apart, &input, &mut || true);
                assert_eq!(got.unwrap_err().error, Error::Interrupted, "{name} {stage:?} {nth}");
                rig.check(Encrypt, Place::Apart, rig.long());
            }
        }
    }
}

#[test]
fn invariant_4_an_interrupted_set_up_is_made_again() {
    for stage in [Stage::Bind, Stage::SetKey, Stage::Accept] {
        for nth in 0..2 {
            let kernel = Kernel::small();
            kernel.answer(stage, nth, Answer::Fail(libc::EINTR));
            let rig = Rig::with(kernel, "cts(cbc(aes))", PAGE);
            assert_eq!(rig.cipher.max_message(), None, "{stage:?}: the sibling is there");
            assert_eq!((rig.kernel.tfms(), rig.kernel.ops().len()), (2, 2), "{stage:?}");
            rig.check(Encrypt, Place::Apart, 2 * rig.limit);
        }
    }
}

#[test]
fn invariant_4_an_interrupted_socket_is_a_refusal_since_a_filter_may_answer_it_for_ever() {
    let kernel = Kernel::small();
    kernel.answer(Stage::Socket, 0, Answer::Fail(libc::EINTR));
    let error = open(&kernel, "cbc(aes)").unwrap_err();
    let due = (Errno(libc::EINTR), Unavailable::Denied);
    assert!(
        matches!(error, Error::Unavailable { errno, reason, .. } if (errno, reason) == due),
        "{error:?}"
    );
}

#[test]
fn invariant_4_a_short_receive_goes_on_in_a_chained_mode() {
    for name in ["ecb(aes)", "cbc(aes)", "ctr(aes)", "pcbc(aes)", "ofb(aes)"] {
        for (nth, most) in [(0, 16), (0, 100), (1, 33), (3, 16)] {
            for direction in BOTH {
                let rig = Rig::new(name);
                rig.kernel.answer(Stage::Receive, nth, Answer::Short(most));
                rig.check(direction, Place::InPlace, rig.long());
                let receives = rig.receives();
                let (cut, rest) = (&receives[nth], &receives[nth + 1]);
                let given = most - most % 16;
                assert_eq!((rest.at, rest.len), (cut.at + given, cut.len - given), "{name}");
                assert_eq!(rest.len, rest.pending, "{name}");
            }
        }
    }
}

#[test]
fn invariant_4_a_short_receive_is_an_error_where_the_mode_starts_over() {
    for name in ["xts(aes)", "chacha20", "xchacha20", "cts(cbc(aes))", "rfc3686(ctr(aes))"] {
        let rig = Rig::new(name);
        rig.kernel.answer(Stage::Receive, 0, Answer::Short(rig.limit / 2));
        let failure = rig.crypt(Encrypt, Place::Apart, &vec![0; rig.limit]).unwrap_err();
        assert_eq!(failure.refusal(), (Stage::Receive, Errno(libc::EIO)), "{name}");
        let text = format!("recvmsg moved {} of {} bytes", rig.limit / 2, rig.limit);
        assert!(failure.error.to_string().starts_with(&text), "{}", failure.error);
        assert!(failure.output.iter().take(rig.limit / 2).all(|byte| *byte == 0), "{name}");
    }
}

#[test]
fn invariant_4_counts_that_cannot_be_are_errors() {
    for name in WAYS {
        for stage in [Stage::Send, Stage::Receive] {
            for (nth, wrong) in [(0, 0), (0, 5 * PAGE), (0, 7), (1, 0), (1, 5 * PAGE), (2, 7)] {
                if stage == Stage::Send && wrong == 7 {
                    continue; // a send may be short
                }
                let rig = Rig::new(name);
                rig.kernel.answer(stage, nth, Answer::Claim(wrong));
                let (input, _) = rig.pair(Encrypt, rig.long());
                let failure = rig.crypt(Encrypt, Place::Apart, &input).unwrap_err();
                assert_eq!(failure.refusal(), (stage, Errno(libc::EIO)), "{name} {nth} {wrong}");
                let told = failure.error.to_string().contains(&format!("moved {wrong} of "));
                assert!(told, "{name}: {}", failure.error);
                rig.check(Encrypt, Place::Apart, rig.long());
            }
        }
    }
}

#[test]
fn invariant_6_a_refused_key_discards_its_tfm() {
    for errno in [libc::EINVAL, libc::EKEYREJECTED, libc::ENOMEM] {
        let kernel = Kernel::small();
        kernel.answer(Stage::SetKey, 0, Answer::Fail(errno));
        open(&kernel, "cbc(aes)").unwrap_err();
        assert_eq!((kernel.tfms(), kernel.ops()), (0, vec![]));
        let (name, len) = ("cbc(aes)".to_owned(), key(&constraints("cbc(aes)")).len());
        let calls = kernel.calls();
        assert_eq!(calls[0], Call::Open { name });
        assert!(matches!(calls[1], Call::SetKey { len: given, .. } if given == len));
        assert_eq!(calls.len(), 2, "no second key, no op socket: {calls:?}");
    }
}

/// What is left of an output of which the first bytes were written.
fn wiped(place: Place, input: &[u8], written: usize) -> Bytes {
    let prior = if place == Place::Apart { vec![BLANK; input.len()] } else { input.to_vec() };
    Bytes([vec![0; written], prior[written..].to_vec()].concat())
}

/// A receive that is refused does not say how much of its piece it has written: all counts.
fn unsaid(stage: Stage) -> usize {
    usize::from(stage == Stage::Receive)
}

#[test]
fn invariant_8_what_was_written_before_an_error_is_wiped() {
    for name in WAYS {
        for stage in [Stage::Send, Stage::Receive] {
            for nth in 0..4 {
                for (direction, place) in [(Encrypt, Place::Apart), (Decrypt, Place::InPlace)] {
                    let rig = Rig::new(name);
                    let (input, _) = rig.pair(direction, 4 * rig.limit);
                    rig.kernel.answer(stage, nth, Answer::Fail(libc::EIO));
                    let failure = rig.crypt(direction, place, &input).unwrap_err();
                    let pieces = (nth + unsaid(stage)) * rig.limit;
                    // The last piece of cts but one ends before its tail of two blocks.
                    let tail = if name == "cts(cbc(aes))" { 2 * rig.chunk() } else { 0 };
                    let due = wiped(place, &input, pieces.min(input.len() - tail));
                    assert!(failure.output == due, "{name} {stage:?} {nth} {place:?}");
                }
            }
        }
    }
}

#[test]
fn invariant_8_a_piece_that_was_received_in_part_is_wiped_whole() {
    for name in ["ecb(aes)", "cbc(aes)", "ofb(aes)"] {
        for place in PLACES {
            let rig = Rig::new(name);
            let (input, _) = rig.pair(Decrypt, 4 * rig.limit);
            rig.kernel.answer(Stage::Receive, 1, Answer::Short(40));
            rig.kernel.answer(Stage::Receive, 2, Answer::Fail(libc::EIO));
            let failure = rig.crypt(Decrypt, place, &input).unwrap_err();
            assert!(failure.output == wiped(place, &input, 2 * rig.limit), "{name} {place:?}");
        }
    }
}

#[test]
fn invariant_8_what_the_hook_ends_is_wiped_as_far_as_it_was_written() {
    for place in PLACES {
        let rig = Rig::new("cbc(aes)");
        let (input, _) = rig.pair(Decrypt, 4 * rig.limit);
        rig.kernel.answer(Stage::Receive, 1, Answer::Short(40));
        rig.kernel.answer(Stage::Receive, 2, Answer::Fail(libc::EINTR));
        let failure = rig.crypt_with(Decrypt, place, &input, &mut || true).unwrap_err();
        assert_eq!(failure.error, Error::Interrupted);
        assert!(failure.output == wiped(place, &input, rig.limit + 32), "{place:?}");
    }
}

/// The pages of a mapped file that was cut short are not there to be wiped.
#[test]
fn invariant_8_a_piece_whose_pages_are_gone_is_not_wiped() {
    let rig = Rig::new("cbc(aes)");
    let (input, _) = rig.pair(Encrypt, 4 * rig.limit);
    rig.kernel.answer(Stage::Receive, 2, Answer::Fail(libc::EFAULT));
    let failure = rig.crypt(Encrypt, Place::Apart, &input).unwrap_err();
    assert_eq!(failure.refusal(), (Stage::Receive, Errno(libc::EFAULT)));
    assert!(failure.output == wiped(Place::Apart, &input, 2 * rig.limit));
}

#[test]
fn invariant_8_a_count_that_cannot_be_is_wiped_and_not_a_byte_beyond() {
    for (wrong, written) in [(0, 0), (7, 7), (5 * PAGE, PAGE)] {
        let rig = Rig::new("cbc(aes)");
        let (input, _) = rig.pair(Encrypt, 2 * rig.limit);
        rig.kernel.answer(Stage::Receive, 1, Answer::Claim(wrong));
        let failure = rig.crypt(Encrypt, Place::Apart, &input).unwrap_err();
        assert!(failure.output == wiped(Place::Apart, &input, rig.limit + written), "{wrong}");
    }
}

#[test]
fn invariant_8_the_first_half_of_a_message_goes_with_the_second() {
    let rig = Rig::new("cts(cbc(aes))");
    let (input, _) = rig.pair(Decrypt, 2 * rig.limit + 1);
    for stage in [Stage::Send, Stage::Receive] {
        for place in PLACES {
            rig.kernel.answer(stage, 2, Answer::Fail(libc::EIO));
            let failure = rig.crypt(Decrypt, place, &input).unwrap_err();
            let written = input.len() - 17 * (1 - unsaid(stage));
            assert!(failure.output == wiped(place, &input, written), "{stage:?}");
        }
    }
}

#[test]
fn invariant_8_a_first_try_is_wiped_when_the_second_fails() {
    for (stage, nth) in [(Stage::Send, 1), (Stage::Receive, 2), (Stage::Accept, 0)] {
        let rig = Rig::new("cbc(aes)");
        let (input, _) = rig.pair(Decrypt, rig.limit);
        rig.kernel.answer(Stage::Receive, 0, Answer::Short(rig.limit / 2));
        rig.kernel.answer(Stage::Receive, 1, Answer::Fail(libc::ENOMEM));
        rig.kernel.answer(stage, nth, Answer::Fail(libc::EIO));
        let failure = rig.crypt(Decrypt, Place::Apart, &input).unwrap_err();
        assert_eq!(failure.refusal(), (stage, Errno(libc::EIO)));
        let due = wiped(Place::Apart, &input, rig.limit);
        assert!(failure.output == due, "{stage:?}: what the first try wrote is still there");
    }
}
