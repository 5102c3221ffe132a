//! CFB with whole blocks of feedback: the ciphertext before, encrypted, is the keystream (NIST SP
//! 800-38A, 6.3, with s = b; crypto/cfb.c). A last block may be cut.
//!
//! The place in a message is the last ciphertext block.

use super::{Mode, keep_last};
use crate::request::{Direction, Iv};
use crate::userspace::block::BlockCipher;
use crate::userspace::scratch::{Scratch, copy, xor};

pub(super) struct Cfb(pub(super) Box<dyn BlockCipher>);

impl Mode for Cfb {
    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let size = self.0.size();
        let stream = spare.first(data.len().next_multiple_of(size));
        let (first, rest) = stream.split_at_mut(size.min(stream.len()));
        copy(rest, data);
        match direction {
            // CBC of a zero block and the plaintext before is the encrypted ciphertext before.
            Direction::Encrypt => {
                first.fill(0);
                self.0.chain(iv.bytes_mut(), stream);
                xor(data, stream);
                keep_last(iv, data);
            }
            Direction::Decrypt => {
                copy(first, iv.bytes());
                self.0.encrypt(stream);
                keep_last(iv, data);
                xor(data, stream);
            }
        }
    }
}
