//! What the modes that work on many blocks at once do around a cipher of 16-byte blocks, a group at a
//! time (`straight.rs`).
#![allow(
    clippy::inline_always,
    reason = "as there: only what is inlined gets the wide instructions"
)]

use super::scratch::copy;
use super::straight::{Aligned, Around, LANE, LANES, Lane, sum};
use crate::span::In;

const BLOCK: usize = 16;

type Block = [u8; BLOCK];

/// Blocks of a group.
const BLOCKS: usize = LANES * LANE / BLOCK;

/// ECB: nothing.
pub(super) struct Nothing;

impl Around for Nothing {
    fn at(_: Block) -> Self {
        Self
    }

    fn place(&self) -> Block {
        [0; BLOCK]
    }

    #[inline(always)]
    fn ready(&mut self, _: usize) {}

    #[inline(always)]
    fn before(&mut self, _: usize, input: &mut In<'_>) -> Option<Lane> {
        input.take()
    }

    #[inline(always)]
    fn behind(&self, _: usize, lane: Lane, _: &mut In<'_>) -> Option<Lane> {
        Some(lane)
    }
}

/// CBC decryption: xors with the ciphertext before.
pub(super) struct Unchain {
    /// A lane that ends with the block before a group, and the group.
    cipher: Aligned<[u8; (1 + LANES) * LANE]>,
    lanes: usize,
}

/// Where the block before is in its lane.
const BEFORE: usize = LANE - BLOCK;

impl Around for Unchain {
    fn at(place: Block) -> Self {
        let mut cipher = Aligned([0; (1 + LANES) * LANE]);
        copy(cipher.0.split_at_mut(BEFORE).1, &place);
        Self { cipher, lanes: 0 }
    }

    fn place(&self) -> Block {
        let (_, from) = self.cipher.0.split_at(BEFORE + self.lanes * LANE);
        from.first_chunk().copied().unwrap_or_default()
    }

    #[inline(always)]
    fn ready(&mut self, lanes: usize) {
        let place = self.place();
        copy(self.cipher.0.split_at_mut(BEFORE).1, &place);
        self.lanes = lanes;
    }

    #[inline(always)]
    fn before(&mut self, at: usize, input: &mut In<'_>) -> Option<Lane> {
        let place = self.cipher.0.as_chunks_mut().0.get_mut(1 + at)?;
        *place = input.take()?;
        Some(*place)
    }

    #[inline(always)]
    fn behind(&self, at: usize, lane: Lane, _: &mut In<'_>) -> Option<Lane> {
        let (_, before) = self.cipher.0.split_at(BEFORE);
        Some(sum(lane, before.as_chunks().0.get(at)?))
    }
}

/// CTR: what is encrypted is the counter, and the data is xored in behind.
pub(super) struct Counters {
    next: u128,
    lanes: Aligned<[Lane; LANES]>,
}

impl Around for Counters {
    fn at(place: Block) -> Self {
        Self { next: u128::from_be_bytes(place), lanes: Aligned([[0; LANE]; LANES]) }
    }

    fn place(&self) -> Block {
        self.next.to_be_bytes()
    }

    /// The low half overflows in one group of 2^58; the others are counted in a way that the
    /// compiler makes vectors of.
    #[inline(always)]
    fn ready(&mut self, lanes: usize) {
        let used = self.lanes.0.split_at_mut(lanes).0;
        let blocks = used.as_flattened_mut().as_chunks_mut::<BLOCK>().0;
        let (high, low) = halves(self.next);
        if low.checked_add(BLOCKS as u64).is_some() {
            for (at, block) in (0..).zip(blocks) {
                *block = joined(high.to_be_bytes(), low.wrapping_add(at).to_be_bytes());
            }
        } else {
            for (at, block) in (0..).zip(blocks) {
                *block = self.next.wrapping_add(at).to_be_bytes();
            }
        }
        self.next = self.next.wrapping_add((lanes * LANE / BLOCK) as u128);
    }

    #[inline(always)]
    fn before(&mut self, at: usize, _: &mut In<'_>) -> Option<Lane> {
        self.lanes.0.get(at).copied()
    }

    #[inline(always)]
    fn behind(&self, _: usize, lane: Lane, input: &mut In<'_>) -> Option<Lane> {
        Some(sum(input.take()?, &lane))
    }
}

/// XTS: xors with the tweak, before and behind.
pub(super) struct Tweaks {
    next: u128,
    group: Aligned<[[Block; RUN]; BLOCKS / RUN]>,
}

impl Tweaks {
    #[inline(always)]
    fn add(&self, at: usize, lane: Lane) -> Option<Lane> {
        let tweaks = self.group.0.as_flattened().as_flattened().as_chunks().0;
        Some(sum(lane, tweaks.get(at)?))
    }
}

impl Around for Tweaks {
    fn at(place: Block) -> Self {
        Self { next: u128::from_le_bytes(place), group: Aligned([[[0; BLOCK]; RUN]; BLOCKS / RUN]) }
    }

    fn place(&self) -> Block {
        self.next.to_le_bytes()
    }

    #[inline(always)]
    fn ready(&mut self, lanes: usize) {
        let blocks = lanes * LANE / BLOCK;
        for run in self.group.0.iter_mut().take(blocks.div_ceil(RUN)) {
            powers(self.next, run);
            self.next = times_x_to_the_run(self.next);
        }
        if let Some(next) =
            self.group.0.as_flattened().get(blocks).filter(|_| !blocks.is_multiple_of(RUN))
        {
            self.next = u128::from_le_bytes(*next);
        }
    }

    #[inline(always)]
    fn before(&mut self, at: usize, input: &mut In<'_>) -> Option<Lane> {
        self.add(at, input.take()?)
    }

    #[inline(always)]
    fn behind(&self, at: usize, lane: Lane, _: &mut In<'_>) -> Option<Lane> {
        self.add(at, lane)
    }
}

/// Fills `run` with a tweak times x^0, x^1 and so on, in the field of 2^128 elements modulo
/// x^128 + x^7 + x^2 + x + 1. Each is made of the first, and none waits for the one before it, so
/// that the compiler makes vectors of them.
#[inline(always)]
fn powers(tweak: u128, run: &mut [Block; RUN]) {
    let (high, low) = halves(tweak);
    for (power, block) in run.iter_mut().enumerate() {
        let over = high >> 1 >> (63 - power); // what is shifted out: `power` bits
        let first = low << power ^ over ^ over << 1 ^ over << 2 ^ over << 7;
        let second = high << power | low >> 1 >> (63 - power);
        *block = joined(first.to_le_bytes(), second.to_le_bytes());
    }
}

/// How many tweaks are made of one: what it shifts out, times x^7, has to fit 64 bits.
const RUN: usize = 32;

#[inline(always)]
fn times_x_to_the_run(tweak: u128) -> u128 {
    let over = tweak >> (128 - RUN);
    tweak << RUN ^ over ^ over << 1 ^ over << 2 ^ over << 7
}

#[inline(always)]
fn halves(number: u128) -> (u64, u64) {
    let bytes = number.to_be_bytes();
    let [high, low] = bytes.as_chunks().0 else { return (0, 0) };
    (u64::from_be_bytes(*high), u64::from_be_bytes(*low))
}

#[inline(always)]
fn joined(first: [u8; 8], second: [u8; 8]) -> Block {
    let mut block = [0; BLOCK];
    let (one, other) = block.split_at_mut(8);
    one.copy_from_slice(&first);
    other.copy_from_slice(&second);
    block
}
