//! CTR as IPsec has it (RFC 3686): the key ends with a nonce of 4 bytes, the counter is the nonce,
//! the IV of 8 bytes and 32 bits from 1 on. That they do not overflow is checked before.

use super::{Ctr, Mode};
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::block::Cipher;
use crate::userspace::scratch::Scratch;

pub(super) struct Rfc3686 {
    ctr: Ctr,
    nonce: Iv,
}

impl Rfc3686 {
    pub(super) fn with_key(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        let (key, nonce) = key.split_last_chunk::<4>()?;
        Some(Self { ctr: Ctr(cipher.with_key(key)?), nonce: Iv::joined(&[nonce])? })
    }
}

impl Mode for Rfc3686 {
    fn begin(&self, iv: &Iv) -> Iv {
        Iv::joined(&[self.nonce.bytes(), iv.bytes(), &1_u32.to_be_bytes()]).unwrap_or(Iv::EMPTY)
    }

    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.ctr.straight(direction, iv, input, out)
    }

    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        self.ctr.crypt(direction, iv, data, spare);
    }
}
