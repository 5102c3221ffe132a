//! ChaCha20 (RFC 8439, 2.4), XChaCha20 and XChaCha12 (draft-irtf-cfrg-xchacha, 2.3), with the
//! kernel's IVs (crypto/chacha.c).
//!
//! The place in a message is the IV with the number of the next block in it. A last block may be
//! cut.

use std::marker::PhantomData;

use chacha20::variants::Ietf;
use chacha20::{ChaChaCore, KeyIvInit, Rounds, hchacha};
use cipher::StreamCipherCore;
use cipher::array::Array;
use zeroize::{Zeroizing, zeroize_bytes};

use super::{Mode, block};
use crate::constraints::Counter;
use crate::request::{Direction, Iv};
use crate::span::{In, Out};
use crate::userspace::scratch::{Scratch, xor};
use crate::userspace::straight::Keystream;

const BLOCK: usize = 64;

/// Four blocks: the crate's AVX-512 takes twice as long for one block as for four.
const GROUP: usize = 4 * BLOCK;

type Key = Zeroizing<[u8; 32]>;

fn key(bytes: &[u8]) -> Option<Key> {
    <[u8; 32]>::try_from(bytes).ok().map(Key::new)
}

/// The keystream from a place on: the number of its first block and the nonce, as in the IV of
/// `chacha20`.
fn keystream<R: Rounds>(key: &[u8; 32], place: [u8; 16]) -> ChaChaCore<R, Ietf> {
    let (number, nonce) = place.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let nonce = nonce.first_chunk::<12>().unwrap_or(&[0; 12]);
    let mut core = ChaChaCore::new(key.into(), nonce.into());
    core.set_block_pos(u32::from_le_bytes(*number));
    core
}

/// Xors the keystream into `data`.
fn stream<R: Rounds>(key: &[u8; 32], place: [u8; 16], data: &mut [u8]) {
    let mut core = keystream::<R>(key, place);
    let (whole, rest) = data.split_at_mut(data.len() - data.len() % GROUP);
    core.apply_keystream_blocks(Array::slice_as_chunks_mut(whole).0);
    if !rest.is_empty() {
        let mut last = [0; GROUP];
        core.apply_keystream_blocks(Array::slice_as_chunks_mut(&mut last).0);
        xor(rest, &last);
        zeroize_bytes(&mut last);
    }
}

/// `chacha20`: the IV is the block's number, 32 bits, little-endian, and a nonce of 12 bytes. That
/// the number does not overflow is checked before.
pub(super) struct ChaCha<R> {
    key: Key,
    rounds: PhantomData<fn(R)>,
}

impl<R> ChaCha<R> {
    pub(super) fn with_key(bytes: &[u8]) -> Option<Self> {
        Some(Self { key: key(bytes)?, rounds: PhantomData })
    }
}

impl<R: Rounds> Mode for ChaCha<R> {
    fn straight(&self, _: Direction, iv: &mut Iv, input: In<'_>, output: Out<'_>) -> usize {
        let blocks = input.len() / BLOCK;
        let mut core = keystream::<R>(&self.key, block(iv.bytes()));
        core.process_with_backend(Keystream::new(input, output));
        Counter::ChaCha.advance(iv, blocks as u64);
        blocks * BLOCK
    }

    fn crypt(&self, _: Direction, iv: &mut Iv, data: &mut [u8], _: &mut Scratch<'_>) {
        stream::<R>(&self.key, block(iv.bytes()), data);
        Counter::ChaCha.advance(iv, data.len().div_ceil(BLOCK) as u64);
    }
}

/// `xchacha20`, `xchacha12`: the IV is a nonce of 24 bytes and the block's number, 64 bits,
/// little-endian. The draft's own number has 32, as the kernel's; the library carries beyond.
pub(super) struct XChaCha<R> {
    key: Key,
    rounds: PhantomData<fn(R)>,
}

impl<R> XChaCha<R> {
    pub(super) fn with_key(bytes: &[u8]) -> Option<Self> {
        Some(Self { key: key(bytes)?, rounds: PhantomData })
    }
}

impl<R: Rounds> XChaCha<R> {
    fn subkey(&self, iv: &Iv) -> Key {
        Key::new(hchacha::<R>(&(*self.key).into(), &block(iv.bytes()).into()).0)
    }

    /// How many of `len` bytes have a block number with the same high half.
    fn to_wrap(iv: &Iv, len: usize) -> usize {
        let room = Counter::XChaCha.blocks_to_wrap(iv).saturating_mul(BLOCK as u64);
        len.min(usize::try_from(room).unwrap_or(usize::MAX))
    }

    /// The place as `chacha20` has it.
    fn place(iv: &Iv) -> [u8; 16] {
        let mut place = block(iv.bytes().get(16..).unwrap_or_default());
        place.rotate_left(8);
        place
    }
}

impl<R: Rounds> Mode for XChaCha<R> {
    fn straight(&self, _: Direction, iv: &mut Iv, input: In<'_>, output: Out<'_>) -> usize {
        let len = input.len() / BLOCK * BLOCK;
        let (mut input, mut output) = (input.part(0..len), output.part(0..len));
        let subkey = self.subkey(iv);
        while !input.is_empty() {
            let room = Self::to_wrap(iv, input.len());
            let (from, then) = input.split_at(room);
            let (to, rest) = output.split_at(room);
            let mut core = keystream::<R>(&subkey, Self::place(iv));
            core.process_with_backend(Keystream::new(from, to));
            Counter::XChaCha.advance(iv, (room / BLOCK) as u64);
            (input, output) = (then, rest);
        }
        len
    }

    fn crypt(&self, _: Direction, iv: &mut Iv, mut data: &mut [u8], _: &mut Scratch<'_>) {
        let subkey = self.subkey(iv);
        while !data.is_empty() {
            let (part, rest) = data.split_at_mut(Self::to_wrap(iv, data.len()));
            stream::<R>(&subkey, Self::place(iv), part);
            Counter::XChaCha.advance(iv, part.len().div_ceil(BLOCK) as u64);
            data = rest;
        }
    }
}
