//! CTR: an encrypted counter is the keystream (NIST SP 800-38A, 6.5). As in the kernel
//! (crypto/ctr.c) the counter is big-endian and as wide as the block, and wraps.
//!
//! The place in a message is the next counter.

use super::Mode;
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::block::{BlockCipher, Straight};
use crate::userspace::scratch::{Scratch, copy, xor};

pub(super) struct Ctr(pub(super) Box<dyn BlockCipher>);

impl Mode for Ctr {
    fn straight(&self, direction: Direction, iv: &mut Iv, input: In<'_>, out: Out<'_>) -> usize {
        self.0.straight(Straight::Ctr, direction, iv.bytes_mut(), input, out)
    }

    fn crypt(&self, _: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let size = self.0.size();
        let stream = spare.first(data.len().next_multiple_of(size));
        match size {
            8 => count::<8>(iv, stream),
            _ => count::<16>(iv, stream),
        }
        self.0.encrypt(stream);
        xor(data, stream);
    }
}

/// Fills blocks of `N` bytes with the counter, and moves it on.
fn count<const N: usize>(iv: &mut Iv, blocks: &mut [u8]) {
    let mut counter = iv.bytes().iter().fold(0, |value, byte| value << 8 | u128::from(*byte));
    for block in blocks.as_chunks_mut::<N>().0 {
        *block = low(counter);
        counter = counter.wrapping_add(1);
    }
    copy(iv.bytes_mut(), &low::<N>(counter));
}

fn low<const N: usize>(counter: u128) -> [u8; N] {
    counter.to_be_bytes().last_chunk().copied().unwrap_or([0; N])
}
