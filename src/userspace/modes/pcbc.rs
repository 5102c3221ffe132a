//! PCBC: each block is xored with the plaintext and the ciphertext before it (C. Meyer, S. Matyas,
//! Cryptography, 1982; Kerberos 4; crypto/pcbc.c).
//!
//! The place in a message is the last plaintext block xored with the last ciphertext block.

use super::Mode;
use crate::request::{Direction, Iv};
use crate::userspace::block::BlockCipher;
use crate::userspace::scratch::{Scratch, copy, xor};

pub(super) struct Pcbc(pub(super) Box<dyn BlockCipher>);

impl Mode for Pcbc {
    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let before = spare.first(data.len());
        copy(before, data);
        match direction {
            Direction::Encrypt => self.encrypt(iv, data, before),
            Direction::Decrypt => self.decrypt(iv, data, before),
        }
    }
}

impl Pcbc {
    /// CBC of the blocks, each xored with the one before it.
    fn encrypt(&self, iv: &mut Iv, data: &mut [u8], plain: &[u8]) {
        let size = self.0.size();
        let (_, rest) = data.split_at_mut(size.min(data.len()));
        xor(rest, plain);
        self.0.chain(iv.bytes_mut(), data);
        if let Some(last) = plain.chunks_exact(size).next_back() {
            xor(iv.bytes_mut(), last);
        }
    }

    fn decrypt(&self, iv: &mut Iv, data: &mut [u8], cipher: &[u8]) {
        let size = self.0.size();
        self.0.decrypt(data);
        for (block, cipher) in data.chunks_exact_mut(size).zip(cipher.chunks_exact(size)) {
            xor(block, iv.bytes());
            copy(iv.bytes_mut(), block);
            xor(iv.bytes_mut(), cipher);
        }
    }
}
