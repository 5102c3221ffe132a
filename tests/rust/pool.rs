//! Which op sockets are kept, and that threads may share a cipher.

use std::thread;

use afalg::request::Direction::{Decrypt, Encrypt};
use afalg::span::{In, Out};

use crate::fixture::{ALL, CPUS, Place, Rig};

const MOST_IDLE: usize = 2 * CPUS;

#[test]
fn an_op_socket_in_the_middle_of_a_message_is_never_idle() {
    let rig = Rig::new("ofb(aes)");
    let (input, _) = rig.pair(Encrypt, 3 * rig.chunk());
    let mut output = vec![0; input.len()];
    let (input, mut out) = (In::from_slice(&input), Out::from_slice(&mut output));
    let mut check = |part, ends| {
        let mut message = rig.cipher.begin(Encrypt, &rig.iv());
        message.advance(&rig.cipher, part, out.borrow(), false, &mut || false).unwrap();
        let op = rig.sends()[0].op;
        if ends {
            message.end();
        } else {
            drop(message);
        }
        assert!(!rig.kernel.ops().contains(&op), "it waits for the rest of this message");
    };
    check(input, false);
    check(input, true);
    rig.check(Encrypt, Place::Apart, rig.limit);
}

#[test]
fn at_most_two_op_sockets_a_cpu_stay_idle() {
    let rig = Rig::new("ofb(aes)");
    let (input, due) = rig.pair(Encrypt, 2 * rig.chunk());
    let (first, rest) = In::from_slice(&input).split_at(rig.chunk());
    let mut messages: Vec<_> =
        (0..MOST_IDLE + 5).map(|_| rig.cipher.begin(Encrypt, &rig.iv())).collect();
    let mut outputs = vec![vec![0; input.len()]; messages.len()];
    for (part, last) in [(first, false), (rest, true)] {
        for (message, output) in messages.iter_mut().zip(&mut outputs) {
            let (head, tail) = Out::from_slice(output).split_at(rig.chunk());
            let out = if last { tail } else { head };
            message.advance(&rig.cipher, part, out, last, &mut || false).unwrap();
        }
    }
    assert!(outputs.iter().all(|output| **output == *due));
    assert_eq!(rig.kernel.ops().len(), MOST_IDLE);
}

#[test]
fn threads_share_a_cipher_and_its_op_sockets() {
    for name in ALL {
        let rig = &Rig::new(name);
        thread::scope(|scope| {
            for direction in [Encrypt, Decrypt, Encrypt, Decrypt] {
                scope.spawn(move || {
                    for _ in 0..4 {
                        rig.check(direction, Place::InPlace, rig.long());
                    }
                });
            }
        });
        assert!(rig.kernel.ops().len() <= rig.kernel.tfms() * MOST_IDLE, "{name}");
    }
}
