//! XTS: each block is xored before and after with a tweak, which is the encrypted IV times x for
//! every block; a last block that is not whole steals from the one before it (IEEE 1619-2018, 5.3;
//! NIST SP 800-38E; crypto/xts.c).
//!
//! The place in a message is the next tweak. The key is two keys of one size; outside FIPS mode the
//! kernel takes equal ones, and so do we.

use super::{Mode, block, times_x};
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::block::{BlockCipher, Cipher, Straight};
use crate::userspace::scratch::{Scratch, copy, xor};

pub(super) struct Xts {
    data: Box<dyn BlockCipher>,
    tweak: Box<dyn BlockCipher>,
}

impl Xts {
    pub(super) fn with_key(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        let (data, tweak) = key.split_at(key.len() / 2);
        let halves = data.len() == tweak.len();
        halves.then_some(Self { data: cipher.with_key(data)?, tweak: cipher.with_key(tweak)? })
    }

    /// A block, or several, under tweaks that are known.
    fn under(&self, direction: Direction, tweaks: &[u8], data: &mut [u8]) {
        xor(data, tweaks);
        match direction {
            Direction::Encrypt => self.data.encrypt(data),
            Direction::Decrypt => self.data.decrypt(data),
        }
        xor(data, tweaks);
    }
}

impl Mode for Xts {
    fn begin(&self, iv: &Iv) -> Iv {
        let mut tweak = iv.clone();
        self.tweak.encrypt(tweak.bytes_mut());
        tweak
    }

    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.data.straight(Straight::Xts, direction, iv.bytes_mut(), input, out)
    }

    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let tweaks = spare.first(data.len());
        let first = u128::from_le_bytes(block(iv.bytes()));
        let next = fill(tweaks.as_chunks_mut().0, first);
        self.under(direction, tweaks, data);
        copy(iv.bytes_mut(), &next.to_le_bytes());
    }

    fn tail(&self, len: usize) -> usize {
        match len % 16 {
            0 => 0,
            rest => 16 + rest,
        }
    }

    fn finish(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let head = data.len().saturating_sub(self.tail(data.len()));
        let (head, tail) = data.split_at_mut(head);
        self.crypt(direction, iv, head, spare);
        let Some((whole, rest)) = tail.split_at_mut_checked(16) else { return };
        let tweak = u128::from_le_bytes(block(iv.bytes()));
        let (first, then) = match direction {
            Direction::Encrypt => (tweak, times_x(tweak)),
            Direction::Decrypt => (times_x(tweak), tweak),
        };
        self.under(direction, &first.to_le_bytes(), whole);
        whole.iter_mut().zip(rest).for_each(|(one, other)| std::mem::swap(one, other));
        self.under(direction, &then.to_le_bytes(), whole);
    }
}

/// Fills blocks with tweaks and gives the one after them.
fn fill(blocks: &mut [[u8; 16]], first: u128) -> u128 {
    let mut tweak = first;
    for block in blocks {
        *block = tweak.to_le_bytes();
        tweak = times_x(tweak);
    }
    tweak
}
