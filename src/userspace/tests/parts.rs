//! Any split of a message gives what one call gives, and in place is as apart.

use super::names::key_sizes;
use super::{BOTH, UserspaceCipher, crypt, iv, noise, open};
use crate::constraints::{Continuation, LengthRule, Sibling};
use crate::request::{Direction, Request};
use crate::span::{In, Out};
use crate::userspace::names;
use crate::userspace::scratch::{PIECE, ROOM};
use crate::userspace::straight::{LANE, LANES, SHORTEST};

const GROUP: usize = LANES * LANE;

/// How much of `len` bytes may be passed on while the message goes on, as a stream does.
fn ready(cipher: &UserspaceCipher, len: usize) -> usize {
    let sizes = cipher.constraints().sizes;
    match cipher.continuation() {
        Continuation::OneRequest => 0,
        Continuation::Sibling(Sibling::Cts) => Sibling::before_cts_tail(len, sizes.block),
        _ => len - len % sizes.chunk,
    }
}

/// A message in parts of about `step` bytes.
fn in_parts(
    cipher: &UserspaceCipher,
    direction: Direction,
    start: &[u8],
    data: &[u8],
    step: usize,
) -> Vec<u8> {
    let mut message = cipher.begin(direction, &iv(start));
    let mut result = vec![0; data.len()];
    let (mut come, mut done) = (0, 0);
    while come < data.len() {
        come = (come + step).min(data.len());
        let end = done + ready(cipher, come - done);
        let (input, out) = (In::from_slice(&data[done..end]), Out::from_slice(&mut result));
        message.advance(cipher, input, out.part(done..end), false, &mut || false).unwrap();
        done = end;
    }
    let (input, out) = (In::from_slice(&data[done..]), Out::from_slice(&mut result));
    let end = data.len();
    message.advance(cipher, input, out.part(done..end), true, &mut || false).unwrap();
    result
}

/// The lengths nearest to `around` that the cipher takes.
fn lengths(cipher: &UserspaceCipher, around: &[usize]) -> Vec<usize> {
    let block = cipher.constraints().sizes.block;
    let rule = cipher.constraints().length;
    let taken = around.iter().map(|len| match rule {
        LengthRule::Blocks => len / block * block,
        LengthRule::AtLeastBlock => *len.max(&block),
        LengthRule::Any => *len,
    });
    taken.collect()
}

fn splits_agree(name: &str, around: &[usize], steps: &[usize]) {
    let cipher = open(name, &noise(*key_sizes(name).last().unwrap(), 1)).unwrap();
    let start = noise(cipher.constraints().sizes.iv, 2);
    // A low counter, so that chacha20's does not end.
    let start: Vec<_> = if name == "chacha20" { [&[0; 4], &start[4..]].concat() } else { start };
    for len in lengths(&cipher, around) {
        let data = noise(len, 3);
        for direction in BOTH {
            let expected = crypt(&cipher, direction, &start, &data);
            for step in steps {
                let got = in_parts(&cipher, direction, &start, &data, *step);
                assert!(got == expected, "{name} {direction:?}: {len} bytes in steps of {step}");
            }
        }
        let there = crypt(&cipher, Direction::Encrypt, &start, &data);
        assert!(crypt(&cipher, Direction::Decrypt, &start, &there) == data, "{name}: {len}");
    }
}

#[test]
fn a_message_in_parts_is_the_message() {
    for name in names() {
        splits_agree(&name, &[0, 1, 8, 15, 16, 17, 31, 32, 33, 47, 129], &[1, 16, 33]);
    }
}

#[test]
fn a_message_of_several_pieces_is_the_message_in_every_mode() {
    let around = [PIECE, ROOM - 1, ROOM, ROOM + 1, ROOM + 16, 2 * PIECE + 33, 2 * PIECE + 31];
    for name in names().filter(|name| !name.contains('(') || name.contains("aes")) {
        splits_agree(&name, &around, &[1000, PIECE + 1, 2 * PIECE]);
    }
    splits_agree("cts(cbc(des))", &[ROOM + 8, ROOM + 9], &[1000]);
}

/// Steps below a group's smallest go through the private buffer, the message goes straight.
#[test]
fn what_goes_straight_is_what_goes_through_the_buffer() {
    let few = [
        SHORTEST - 1,
        SHORTEST,
        SHORTEST + 1,
        SHORTEST + 31,
        GROUP + 17,
        2 * GROUP + SHORTEST + 16,
    ];
    for name in names() {
        splits_agree(&name, &few, &[SHORTEST - 16]);
    }
    let many = (1..=18).flat_map(|lanes| [0, 15, 33].map(|more| lanes * LANE + more));
    for name in names().filter(|name| !name.contains('(') || name.contains("aes")) {
        splits_agree(&name, &many.clone().collect::<Vec<_>>(), &[48]);
    }
}

#[test]
fn in_place_is_as_apart() {
    for name in names() {
        let cipher = open(&name, &noise(*key_sizes(&name).last().unwrap(), 1)).unwrap();
        let start = noise(cipher.constraints().sizes.iv, 2);
        let start = iv(&if name == "chacha20" { vec![0; 16] } else { start });
        for len in lengths(&cipher, &[17, 40, ROOM + 17]) {
            for direction in BOTH {
                let mut data = noise(len, 3);
                let expected = crypt(&cipher, direction, start.bytes(), &data);
                let mut out = Out::from_slice(&mut data);
                let (input, output) = out.in_place(len);
                let request = Request { direction, iv: &start, input, output };
                cipher.crypt(request, &mut || false).unwrap();
                assert!(data == expected, "{name}: {len} bytes");
            }
        }
    }
}
