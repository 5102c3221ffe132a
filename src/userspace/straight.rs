//! A caller's bytes straight from input to output, without a private buffer for a whole piece: a group
//! of blocks is copied in, goes through the cipher and is copied out, all of it in registers where
//! there are enough.
//!
//! The crates hand out what encrypts blocks inside a function that is compiled for the instructions
//! which the processor was found to have. What is written here in plain Rust is inlined there, so
//! that tweaks, counters and exclusive ors are made of the same wide instructions. Groups lie on the
//! stack, which is wiped where a call of Python's ends.
#![allow(clippy::inline_always, reason = "only what is inlined gets the wide instructions")]

use std::marker::PhantomData;

use cipher::array::{Array, ArraySize};
use cipher::typenum::Unsigned;
use cipher::{
    Block, BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherEncBackend,
    BlockCipherEncClosure, BlockSizeUser, ParBlocks, StreamCipherBackend, StreamCipherClosure,
};

use crate::span::{In, Out};

/// Bytes of the widest register.
pub(super) const LANE: usize = 64;

/// As many as AES does at once with the widest instructions.
pub(super) const LANES: usize = 16;

/// Fewer lanes than these are not worth a group.
const FEW: usize = 4;

/// The shortest message of which anything goes straight: below, it costs more than it saves.
pub(super) const SHORTEST: usize = FEW * LANE;

pub(super) type Lane = [u8; LANE];

/// At an address that is a multiple of [`LANE`]: a register's bytes from two lines of the cache take
/// twice as long.
#[repr(align(64))]
pub(super) struct Aligned<T>(pub(super) T);

/// How many of `len` bytes go straight: whole lanes.
pub(super) const fn whole(len: usize) -> usize {
    let lanes = len / LANE;
    let few = lanes % LANES;
    (if few < FEW { lanes - few } else { lanes }) * LANE
}

/// What a mode does to a group on either side of the cipher.
pub(super) trait Around {
    /// Begins where a mode has got to in a message.
    fn at(place: [u8; 16]) -> Self;

    /// Where it has got to.
    fn place(&self) -> [u8; 16];

    /// Gets ready for a group of so many lanes.
    fn ready(&mut self, lanes: usize);

    /// What goes into the cipher as a lane of the group.
    fn before(&mut self, at: usize, input: &mut In<'_>) -> Option<Lane>;

    /// What becomes of it behind the cipher.
    fn behind(&self, at: usize, lane: Lane, input: &mut In<'_>) -> Option<Lane>;
}

/// Whole lanes from input to output, `A` around the cipher's encryption or decryption.
pub(super) struct Groups<'a, A, N> {
    input: In<'a>,
    output: Out<'a>,
    around: &'a mut A,
    block: PhantomData<N>,
}

impl<'a, A: Around, N: ArraySize> Groups<'a, A, N> {
    pub(super) fn new(input: In<'a>, output: Out<'a>, around: &'a mut A) -> Self {
        Self { input, output, around, block: PhantomData }
    }

    #[inline(always)]
    fn run(mut self, cipher: &impl Blocks<N>) {
        let mut group = Aligned([[0; LANE]; LANES]);
        while self.input.len() >= LANES * LANE {
            self.step(&mut group.0, LANES, cipher);
        }
        let lanes = self.input.len() / LANE;
        if lanes > 0 {
            self.step(&mut group.0, lanes, cipher);
        }
    }

    /// Takes so many lanes through. Where the cipher works on many blocks at once, it does so on what
    /// is in the rest of the group, too, rather than on the last ones singly.
    #[inline(always)]
    fn step(&mut self, group: &mut [Lane; LANES], lanes: usize, cipher: &impl Blocks<N>) {
        self.around.ready(lanes);
        for (at, place) in group.iter_mut().take(lanes).enumerate() {
            let Some(lane) = self.around.before(at, &mut self.input) else { return };
            *place = lane;
        }
        let whole = (lanes * LANE).next_multiple_of(cipher.at_once() * N::USIZE);
        let bytes = if whole > LANES * LANE { lanes * LANE } else { whole };
        cipher.work(Array::slice_as_chunks_mut(group.as_flattened_mut().split_at_mut(bytes).0).0);
        for (at, lane) in group.iter().take(lanes).enumerate() {
            let Some(lane) = self.around.behind(at, *lane, &mut self.input) else { return };
            self.output.put(&lane);
        }
    }
}

/// One direction of a cipher, as the crates hand it out.
trait Blocks<N: ArraySize> {
    /// On how many blocks it works at once.
    fn at_once(&self) -> usize;

    /// Works on all of them.
    fn work(&self, blocks: &mut [Array<u8, N>]);
}

struct Encryption<'b, B>(&'b B);

impl<B: BlockCipherEncBackend> Blocks<B::BlockSize> for Encryption<'_, B> {
    #[inline(always)]
    fn at_once(&self) -> usize {
        B::ParBlocksSize::USIZE
    }

    #[inline(always)]
    fn work(&self, blocks: &mut [Block<B>]) {
        let (many, rest) = Array::slice_as_chunks_mut(blocks);
        for blocks in many {
            self.0.encrypt_par_blocks_inplace(blocks);
        }
        self.0.encrypt_tail_blocks_inplace(rest);
    }
}

struct Decryption<'b, B>(&'b B);

impl<B: BlockCipherDecBackend> Blocks<B::BlockSize> for Decryption<'_, B> {
    #[inline(always)]
    fn at_once(&self) -> usize {
        B::ParBlocksSize::USIZE
    }

    #[inline(always)]
    fn work(&self, blocks: &mut [Block<B>]) {
        let (many, rest) = Array::slice_as_chunks_mut(blocks);
        for blocks in many {
            self.0.decrypt_par_blocks_inplace(blocks);
        }
        self.0.decrypt_tail_blocks_inplace(rest);
    }
}

impl<A, N: ArraySize> BlockSizeUser for Groups<'_, A, N> {
    type BlockSize = N;
}

impl<A: Around, N: ArraySize> BlockCipherEncClosure for Groups<'_, A, N> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = N>>(self, backend: &B) {
        self.run(&Encryption(backend));
    }
}

impl<A: Around, N: ArraySize> BlockCipherDecClosure for Groups<'_, A, N> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = N>>(self, backend: &B) {
        self.run(&Decryption(backend));
    }
}

/// CBC encryption: each block waits for the one before it. Blocks of 16 bytes.
pub(super) struct Chain<'a, N: ArraySize> {
    pub(super) input: In<'a>,
    pub(super) output: Out<'a>,
    pub(super) register: &'a mut Array<u8, N>,
}

impl<N: ArraySize> BlockSizeUser for Chain<'_, N> {
    type BlockSize = N;
}

impl<N: ArraySize> BlockCipherEncClosure for Chain<'_, N> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = N>>(mut self, backend: &B) {
        let mut block = self.register.clone();
        while let Some(data) = self.input.take::<16>() {
            for (to, from) in block.iter_mut().zip(data) {
                *to ^= from;
            }
            backend.encrypt_block_inplace(&mut block);
            if let Some(block) = block.first_chunk::<16>() {
                self.output.put(block);
            }
        }
        *self.register = block;
    }
}

/// A keystream, xored into whole blocks.
pub(super) struct Keystream<'a, N> {
    input: In<'a>,
    output: Out<'a>,
    block: PhantomData<N>,
}

impl<N: ArraySize> BlockSizeUser for Keystream<'_, N> {
    type BlockSize = N;
}

impl<N: ArraySize> StreamCipherClosure for Keystream<'_, N> {
    #[inline(always)]
    fn call<B: StreamCipherBackend<BlockSize = N>>(mut self, backend: &mut B) {
        let mut stream = Aligned(ParBlocks::<B>::default());
        while self.input.len() >= B::ParBlocksSize::USIZE * N::USIZE {
            backend.gen_par_ks_blocks(&mut stream.0);
            self.add(&stream.0);
        }
        // Four at least, which take as long as one: the crate's AVX-512 makes one alone in twice that.
        let rest = (self.input.len() / N::USIZE).next_multiple_of(4);
        let stream = stream.0.split_at_mut(rest.min(B::ParBlocksSize::USIZE - 1)).0;
        backend.gen_tail_blocks(stream);
        self.add(stream);
    }
}

impl<'a, N: ArraySize> Keystream<'a, N> {
    pub(super) fn new(input: In<'a>, output: Out<'a>) -> Self {
        Self { input, output, block: PhantomData }
    }

    #[inline(always)]
    fn add(&mut self, stream: &[Array<u8, N>]) {
        for lane in Array::slice_as_flattened(stream).as_chunks::<LANE>().0 {
            if let Some(data) = self.input.take() {
                self.output.put(&sum(data, lane));
            }
        }
    }
}

/// Two lanes, xored.
#[inline(always)]
pub(super) fn sum(mut lane: Lane, other: &Lane) -> Lane {
    for (to, from) in lane.iter_mut().zip(other) {
        *to ^= from;
    }
    lane
}

#[cfg(test)]
mod tests {
    use cipher::consts::{U1, U8, U16, U30, U64};
    use cipher::{BlockCipherEncrypt, InOut, ParBlocksSizeUser};

    use super::*;
    use crate::userspace::around::Nothing;

    /// A backend that adds one to every byte, on so many blocks at once as the crates' have.
    struct Toy<P>(PhantomData<P>);

    impl<P> BlockSizeUser for Toy<P> {
        type BlockSize = U16;
    }

    impl<P: ArraySize> ParBlocksSizeUser for Toy<P> {
        type ParBlocksSize = P;
    }

    impl<P: ArraySize> BlockCipherEncBackend for Toy<P> {
        fn encrypt_block(&self, mut block: InOut<'_, '_, Block<Self>>) {
            let sum = block.clone_in().0.map(|byte| byte.wrapping_add(1));
            *block.get_out() = sum.into();
        }
    }

    impl<P: ArraySize> BlockCipherEncrypt for Toy<P> {
        fn encrypt_with_backend(&self, work: impl BlockCipherEncClosure<BlockSize = U16>) {
            work.call(self);
        }
    }

    fn adds_one<P: ArraySize>() {
        for len in (0..2300).step_by(20) {
            let (input, mut output) = (vec![6; len], vec![0; len]);
            let (span, out) = (In::from_slice(&input), Out::from_slice(&mut output));
            let (taken, mut around) = (whole(len), Nothing);
            let groups = Groups::new(span.part(0..taken), out.part(0..taken), &mut around);
            Toy(PhantomData::<P>).encrypt_with_backend(groups);
            assert_eq!(output, [vec![7; taken], vec![0; len - taken]].concat());
            assert!(len - taken < SHORTEST);
        }
    }

    #[test]
    fn every_lane_goes_through_once_however_many_blocks_the_cipher_takes_at_once() {
        adds_one::<U1>();
        adds_one::<U8>();
        adds_one::<U30>();
        adds_one::<U64>();
    }
}
