//! XCTR: the block's number, little-endian from 1 on, xored into the IV and encrypted, is the
//! keystream (P. Crowley, N. Huckleberry, E. Biggers, Length-preserving encryption with HCTR2,
//! 2021, eprint 2021/1441; crypto/xctr.c).
//!
//! The place in a message is the IV and, behind it, how many blocks there have been.

use super::Mode;
use crate::request::{Direction, Iv};
use crate::userspace::block::BlockCipher;
use crate::userspace::scratch::{Scratch, copy, xor};

pub(super) struct Xctr(pub(super) Box<dyn BlockCipher>);

impl Mode for Xctr {
    fn begin(&self, iv: &Iv) -> Iv {
        Iv::joined(&[iv.bytes(), &[0; 16]]).unwrap_or(Iv::EMPTY)
    }

    fn crypt(&self, _: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let Some((first, number)) = iv.bytes_mut().split_first_chunk_mut::<16>() else { return };
        let first = u128::from_le_bytes(*first);
        let mut blocks = number.first_chunk::<16>().copied().map_or(0, u128::from_le_bytes);
        let stream = spare.first(data.len().next_multiple_of(16));
        for block in stream.as_chunks_mut::<16>().0 {
            blocks = blocks.wrapping_add(1);
            *block = (first ^ blocks).to_le_bytes();
        }
        copy(number, &blocks.to_le_bytes());
        self.0.encrypt(stream);
        xor(data, stream);
    }
}
