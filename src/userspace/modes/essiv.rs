//! ESSIV: CBC whose IV is encrypted first, under the hash of the key (C. Fruhwirth, New Methods in
//! Hard Disk Encryption, 2005, 4.2.1; crypto/essiv.c).

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Cbc, Mode};
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::block::{BlockCipher, Cipher};
use crate::userspace::scratch::Scratch;

pub(super) struct Essiv {
    cbc: Cbc,
    salt: Box<dyn BlockCipher>,
}

impl Essiv {
    /// `essiv(cbc(x),sha256)`: x has to take keys of 32 bytes, which is what the hash gives.
    pub(super) fn with_key(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        let salt = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(key)));
        Some(Self { cbc: Cbc(cipher.with_key(key)?), salt: cipher.with_key(&*salt)? })
    }
}

impl Mode for Essiv {
    fn begin(&self, iv: &Iv) -> Iv {
        let mut iv = iv.clone();
        self.salt.encrypt(iv.bytes_mut());
        iv
    }

    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.cbc.straight(direction, iv, input, out)
    }

    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        self.cbc.crypt(direction, iv, data, spare);
    }
}
