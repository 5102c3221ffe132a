//! Invariant 7 of `src/kernel/request_loop.rs`, with a fork that is only a higher generation.
//!
//! The generation is the whole process's, so each of these tests runs in a process of its own.

use std::env;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use afalg::error::{Error, Stage};
use afalg::process::GENERATION;
use afalg::request::Direction::Encrypt;
use afalg::span::{In, Out};

use crate::fake::Answer;
use crate::fixture::{ALL, Bytes, Place, Rig, WAYS};

const ALONE: &str = "AFALG_TEST_ALONE";

/// Runs a test of this module in a process of its own: this program again, for that test alone.
fn alone(name: &str, test: impl FnOnce()) {
    if env::var_os(ALONE).is_some() {
        return test();
    }
    let name = format!("fork::{name}");
    let run = Command::new(env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && output.contains("1 passed"), "{output}");
}

fn fork() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn invariant_7_a_child_opens_op_sockets_of_its_own() {
    alone("invariant_7_a_child_opens_op_sockets_of_its_own", || {
        for name in ALL {
            let rig = Rig::new(name);
            rig.check(Encrypt, Place::Apart, rig.long());
            let parents = rig.kernel.ops();
            fork();
            rig.kernel.calls();
            for _ in 0..2 {
                rig.check(Encrypt, Place::Apart, rig.long());
                let sends = rig.sends();
                assert!(sends.iter().all(|sent| !parents.contains(&sent.op)), "{name}");
            }
        }
    });
}

#[test]
fn invariant_7_a_message_whose_iv_only_the_parents_op_socket_knows_is_refused() {
    alone("invariant_7_a_message_whose_iv_only_the_parents_op_socket_knows_is_refused", || {
        for name in ["pcbc(aes)", "lrw(aes)", "ofb(aes)"] {
            let rig = Rig::new(name);
            let (input, mut output) = (vec![1; 16], vec![0; 16]);
            let (input, mut out) = (In::from_slice(&input), Out::from_slice(&mut output));
            let mut message = rig.cipher.begin(Encrypt, &rig.iv());
            message.advance(&rig.cipher, input, out.borrow(), false, &mut || false).unwrap();
            let op = rig.sends()[0].op;
            fork();
            let end = message.advance(&rig.cipher, input, out.borrow(), false, &mut || false);
            let error = end.unwrap_err();
            assert!(matches!(error, Error::StreamState { .. }), "{name}: {error:?}");
            assert!(error.to_string().contains("forked"), "{error}");
            assert_eq!(rig.sends(), []);
            assert!(!rig.kernel.ops().contains(&op), "{name}: closed here");
            rig.check(Encrypt, Place::Apart, rig.limit);
        }
    });
}

#[test]
fn invariant_7_a_message_whose_iv_is_known_goes_on_in_the_child() {
    alone("invariant_7_a_message_whose_iv_is_known_goes_on_in_the_child", || {
        for name in WAYS.into_iter().filter(|name| *name != "ofb(aes)") {
            let rig = Rig::new(name);
            let (cut, len) = (2 * rig.chunk(), 4 * rig.chunk());
            let (input, due) = rig.pair(Encrypt, len);
            let mut output = vec![0; len];
            let (first, rest) = In::from_slice(&input).split_at(cut);
            let (out, out_rest) = Out::from_slice(&mut output).split_at(cut);
            let mut message = rig.cipher.begin(Encrypt, &rig.iv());
            message.advance(&rig.cipher, first, out, false, &mut || false).unwrap();
            let parents = rig.kernel.ops();
            fork();
            rig.kernel.calls();
            message.advance(&rig.cipher, rest, out_rest, true, &mut || false).unwrap();
            assert!(rig.sends().iter().all(|sent| !parents.contains(&sent.op)), "{name}");
            assert_eq!(Bytes(output), due, "{name}");
        }
    });
}

#[test]
fn invariant_7_a_signal_handler_that_forks_ends_the_message_in_the_child() {
    alone("invariant_7_a_signal_handler_that_forks_ends_the_message_in_the_child", || {
        let interrupted = Answer::Fail(libc::EINTR);
        let late = Answer::Late(Duration::from_millis(60));
        for name in WAYS {
            for (stage, nth, answer) in [
                (Stage::Send, 0, interrupted),
                (Stage::Receive, 1, interrupted),
                (Stage::Receive, 1, late),
            ] {
                let rig = Rig::new(name);
                rig.kernel.answer(stage, nth, answer);
                let input = vec![1; 3 * rig.limit];
                let mut hook = || {
                    fork();
                    rig.kernel.calls();
                    false
                };
                let failure = rig.crypt_with(Encrypt, Place::Apart, &input, &mut hook).unwrap_err();
                assert_eq!(failure.error, Error::Forked, "{name}");
                let wiped = failure.output.iter().all(|byte| *byte == 0);
                assert!(!wiped, "{name}: the parent goes on with its output, which may be shared");
                assert_eq!(rig.kernel.calls(), [], "{name}: the parent goes on there");
                rig.check(Encrypt, Place::Apart, 3 * rig.limit);
            }
        }
    });
}
