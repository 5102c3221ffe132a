//! ECB: each block by itself (NIST SP 800-38A, 6.1). And the kernel's `ecb(cipher_null)`.

use super::Mode;
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::block::{BlockCipher, Straight};
use crate::userspace::scratch::Scratch;

pub(super) struct Ecb(pub(super) Box<dyn BlockCipher>);

impl Mode for Ecb {
    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.0.straight(Straight::Ecb, direction, iv.bytes_mut(), input, out)
    }

    fn crypt(&self, direction: Direction, _: &mut Iv, data: &mut [u8], _: &mut Scratch<'_>) {
        match direction {
            Direction::Encrypt => self.0.encrypt(data),
            Direction::Decrypt => self.0.decrypt(data),
        }
    }
}

/// What goes in comes out (crypto/crypto_null.c).
pub(super) struct Null;

impl Mode for Null {
    fn crypt(&self, _: Direction, _: &mut Iv, _: &mut [u8], _: &mut Scratch<'_>) {}
}
