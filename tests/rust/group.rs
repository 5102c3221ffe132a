//! Many requests over a chain: all bytes right, whatever becomes of an entry, and none computed twice
//! in place.

use afalg::error::{Error, Result, Stage};
use afalg::request::Direction::{self, Decrypt, Encrypt};
use afalg::request::{Exchange, Fate};
use afalg::span::{In, Out};

use crate::fake::Answer;
use crate::fixture::{ALL, BOTH, Bytes, PLACES, Place, Rig};
use crate::socket::PAGE;

/// More than two chains of the fake's.
const COUNT: usize = 20;

/// What an entry may come to: refused, cut short, cancelled with all behind it, or a count that is
/// none.
const FAULTS: [Answer; 6] = [
    Answer::Fail(libc::EIO),
    Answer::Fail(libc::ECANCELED),
    Answer::Fail(libc::ENOMEM),
    Answer::Short(0),
    Answer::Short(5),
    Answer::Claim(3),
];

/// A message of each kind of length that the algorithm takes: none, short ones, a whole request, more.
fn messages(rig: &Rig, direction: Direction) -> Vec<(Bytes, Bytes)> {
    let chunk = rig.chunk().max(16);
    let lengths = [0, chunk, 3 * chunk, 2 * chunk + 5, PAGE, PAGE + chunk, 32];
    let takes = lengths.iter().filter(|len| rig.takes(**len)).cycle();
    takes.take(COUNT).map(|len| rig.pair(direction, *len)).collect()
}

/// Runs a group; gives the outputs behind it, and the fates.
fn run(
    rig: &Rig,
    direction: Direction,
    place: Place,
    messages: &[(Bytes, Bytes)],
) -> (Result<()>, Vec<(Bytes, Fate)>) {
    let mut outputs: Vec<_> = messages.iter().map(|(input, _)| input.to_vec()).collect();
    let mut spans: Vec<_> = outputs.iter_mut().map(|output| Out::from_slice(output)).collect();
    let parts = messages.iter().zip(&mut spans).enumerate();
    let mut group: Vec<_> = parts
        .map(|(index, ((message, _), span))| {
            let (input, output) = match place {
                Place::Apart => (In::from_slice(message), span.borrow()),
                Place::InPlace => span.in_place(message.len()),
            };
            Exchange { index, iv: rig.iv(), input, output, fate: Fate::Waiting }
        })
        .collect();
    let end = rig.cipher.crypt_group(direction, &mut group, &mut || false);
    let fates: Vec<_> = group.iter().map(|exchange| exchange.fate).collect();
    drop(group);
    (end, outputs.into_iter().map(Bytes).zip(fates).collect())
}

fn check_all(rig: &Rig, direction: Direction, place: Place, what: &str) {
    let messages = messages(rig, direction);
    let (end, results) = run(rig, direction, place, &messages);
    assert_eq!(end, Ok(()), "{what}");
    for (at, ((got, fate), (_, due))) in results.iter().zip(&messages).enumerate() {
        assert_eq!(*fate, Fate::Done, "{what} {at}");
        assert!(got == due, "{what} {at}: wrong bytes");
    }
}

#[test]
fn a_group_is_its_messages_with_a_ring_and_without() {
    for name in ALL {
        for direction in BOTH {
            for place in PLACES {
                let rig = Rig::new(name);
                check_all(&rig, direction, place, name);
                assert_eq!(rig.kernel.chains().len(), 1, "{name}: one asked for a ring");
                rig.kernel.give_rings();
                check_all(&rig, direction, place, name);
                let chains = rig.kernel.chains();
                assert!(chains.iter().sum::<usize>() >= COUNT / 2, "{name}: {chains:?}");
                assert_eq!(rig.kernel.ops().len(), if rig.has_sibling() { 2 } else { 1 }, "{name}");
            }
        }
    }
}

#[test]
fn a_few_messages_take_no_ring_and_long_ones_take_their_own_way() {
    let rig = Rig::new("ctr(aes)");
    rig.kernel.give_rings();
    let long: Vec<_> = (0..COUNT).map(|_| rig.pair(Encrypt, 3 * PAGE)).collect();
    let short: Vec<_> = (0..3).map(|_| rig.pair(Encrypt, 16)).collect();
    for messages in [long, short] {
        let (end, results) = run(&rig, Encrypt, Place::Apart, &messages);
        assert_eq!(end, Ok(()));
        assert!(results.iter().zip(&messages).all(|((got, _), (_, due))| got == due));
        assert!(rig.kernel.chains().is_empty());
    }
}

#[test]
fn apart_whatever_an_entry_comes_to_the_bytes_are_right() {
    for name in ALL {
        for stage in [Stage::Send, Stage::Receive] {
            for fault in FAULTS {
                for nth in [0, 1, 6, 7, 8, 11] {
                    let rig = Rig::new(name);
                    rig.kernel.give_rings();
                    let op = rig.kernel.ops();
                    rig.kernel.answer(stage, nth, fault);
                    let what = format!("{name} {stage:?} {fault:?} {nth}");
                    check_all(&rig, Decrypt, Place::Apart, &what);
                    let left = rig.kernel.ops();
                    let gone = op.iter().any(|op| !left.contains(op));
                    assert!(gone, "{what}: the op socket of a broken chain is still there");
                }
            }
        }
    }
}

#[test]
fn in_place_nothing_is_computed_twice() {
    for name in ALL {
        for direction in BOTH {
            for stage in [Stage::Send, Stage::Receive] {
                for fault in FAULTS {
                    for nth in [0, 5, 9] {
                        check_in_place(name, direction, stage, fault, nth);
                    }
                }
            }
        }
    }
}

/// All is right, or one message is lost, and told, and the others are right or untouched.
fn check_in_place(name: &str, direction: Direction, stage: Stage, fault: Answer, nth: usize) {
    let rig = Rig::new(name);
    rig.kernel.give_rings();
    rig.kernel.answer(stage, nth, fault);
    let messages = messages(&rig, direction);
    let (end, results) = run(&rig, direction, Place::InPlace, &messages);
    let what = format!("{name} {direction:?} {stage:?} {fault:?} {nth}");
    let mut lost = Vec::new();
    for (at, ((got, fate), (input, due))) in results.iter().zip(&messages).enumerate() {
        match fate {
            Fate::Done => assert!(got == due, "{what} {at}: wrong bytes"),
            Fate::Waiting => assert!(got == input, "{what} {at}: touched"),
            Fate::Spoiled(_) => {
                assert!(got.iter().all(|byte| *byte == 0), "{what} {at}: not wiped");
                lost.push(at);
            }
        }
    }
    match end {
        Ok(()) => assert!(lost.is_empty(), "{what}"),
        Err(Error::Kernel { refusal, .. }) => {
            assert_eq!((lost.len(), refusal.stage), (1, Stage::Receive), "{what}");
            let before = results.iter().take(lost[0]);
            assert!(before.into_iter().all(|(_, fate)| *fate == Fate::Done), "{what}");
        }
        Err(other) => panic!("{what}: {other}"),
    }
    if matches!(fault, Answer::Fail(_)) && stage == Stage::Send {
        assert!(lost.is_empty(), "{what}: a send that was refused spoils nothing");
    }
}
