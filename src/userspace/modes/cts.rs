//! CBC with ciphertext stealing: as long as the plaintext, which is one block or more (the third
//! variant, CBC-CS3, of the addendum to NIST SP 800-38A; RFC 3962, 5; crypto/cts.c).
//!
//! All but the last one to two blocks are plain CBC. The last two change places, always, and the
//! one that is then last is cut. A message of one block is plain CBC.

use super::{Cbc, Mode};
use crate::constraints::Sibling;
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::scratch::{Scratch, copy};

pub(super) struct Cts(pub(super) Cbc);

impl Mode for Cts {
    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.0.straight(direction, iv, input, out)
    }

    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        self.0.crypt(direction, iv, data, spare);
    }

    fn tail(&self, len: usize) -> usize {
        len - Sibling::before_cts_tail(len, self.0.0.size())
    }

    fn finish(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let size = self.0.0.size();
        let (head, tail) = data.split_at_mut(Sibling::before_cts_tail(data.len(), size));
        self.crypt(direction, iv, head, spare);
        match (tail.split_at_mut_checked(size), direction) {
            (Some((_, [])) | None, _) => self.crypt(direction, iv, tail, spare),
            (Some((whole, rest)), Direction::Encrypt) => self.steal(iv, whole, rest, spare),
            (Some((whole, rest)), Direction::Decrypt) => self.give_back(iv, whole, rest, spare),
        }
    }
}

impl Cts {
    fn steal(&self, iv: &mut Iv, whole: &mut [u8], rest: &mut [u8], spare: &mut Scratch<'_>) {
        self.crypt(Direction::Encrypt, iv, whole, spare);
        let mut last = iv.clone(); // a block of the right size, wiped on drop
        last.bytes_mut().fill(0);
        copy(last.bytes_mut(), rest);
        self.crypt(Direction::Encrypt, iv, last.bytes_mut(), spare);
        copy(rest, whole);
        copy(whole, last.bytes());
    }

    fn give_back(&self, iv: &mut Iv, whole: &mut [u8], rest: &mut [u8], spare: &mut Scratch<'_>) {
        let mut first = iv.clone();
        copy(first.bytes_mut(), whole);
        self.0.0.decrypt(first.bytes_mut());
        for (rest, first) in rest.iter_mut().zip(first.bytes_mut()) {
            let cut = *rest;
            *rest ^= *first;
            *first = cut;
        }
        self.crypt(Direction::Decrypt, iv, first.bytes_mut(), spare);
        copy(whole, first.bytes());
    }
}
