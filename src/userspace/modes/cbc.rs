//! CBC: each block is xored with the ciphertext before it (NIST SP 800-38A, 6.2).
//!
//! The place in a message is the last ciphertext block.

use super::{Mode, keep_last};
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::block::{BlockCipher, Straight};
use crate::userspace::scratch::{Scratch, xor};

pub(super) struct Cbc(pub(super) Box<dyn BlockCipher>);

impl Mode for Cbc {
    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.0.straight(Straight::Cbc, direction, iv.bytes_mut(), input, out)
    }

    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        match direction {
            Direction::Encrypt => self.0.chain(iv.bytes_mut(), data),
            Direction::Decrypt => {
                let before = spare.first(data.len());
                before.copy_from_slice(data);
                self.0.decrypt(data);
                let (first, rest) = data.split_at_mut(self.0.size().min(data.len()));
                xor(first, iv.bytes());
                xor(rest, before);
                keep_last(iv, before);
            }
        }
    }
}
