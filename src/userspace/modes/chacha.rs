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
use crate::userspace::scratch::{Scratch, xor};

const BLOCK: usize = 64;

/// Four blocks: the crate's AVX-512 takes twice as long for one block as for four.
const GROUP: usize = 4 * BLOCK;

type Key = Zeroizing<[u8; 32]>;

fn key(bytes: &[u8]) -> Option<Key> {
    <[u8; 32]>::try_from(bytes).ok().map(Key::new)
}

/// Xors the keystream into `data`. `place` is the number of its first block and the nonce, as in
/// the IV of `chacha20`.
fn stream<R: Rounds>(key: &[u8; 32], place: [u8; 16], data: &mut [u8]) {
    let Some((number, nonce)) = place.split_first_chunk::<4>() else { return };
    let Some(nonce) = nonce.first_chunk::<12>() else { return };
    let mut core = ChaChaCore::<R, Ietf>::new(key.into(), nonce.into());
    core.set_block_pos(u32::from_le_bytes(*number));
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

impl<R: Rounds> Mode for XChaCha<R> {
    fn crypt(&self, _: Direction, iv: &mut Iv, mut data: &mut [u8], _: &mut Scratch<'_>) {
        let subkey = hchacha::<R>(&(*self.key).into(), &block(iv.bytes()).into());
        let subkey = Zeroizing::new(subkey.0);
        while !data.is_empty() {
            let room = Counter::XChaCha.blocks_to_wrap(iv).saturating_mul(BLOCK as u64);
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let (part, rest) = data.split_at_mut(data.len().min(room));
            let mut place = block(iv.bytes().get(16..).unwrap_or_default());
            place.rotate_left(8);
            stream::<R>(&subkey, place, part);
            Counter::XChaCha.advance(iv, part.len().div_ceil(BLOCK) as u64);
            data = rest;
        }
    }
}
