//! What Adiantum and HCTR2 have in common: hash the bulk of a message into one block, encrypt that,
//! let it choose the keystream for the bulk, hash the result into it again. Decryption is the same
//! with the block decrypted.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{Mode, WideBlock};
use crate::error::Result;
use crate::request::{Direction, Iv, Request};
use crate::span::In;
use crate::userspace::block::BlockCipher;
use crate::userspace::pace::Pace;
use crate::userspace::walk::{read, rewrite};

/// The parts that the two differ in. Blocks and hashes are little-endian numbers.
pub(super) trait HashEncryptHash: Send + Sync {
    /// A hash of the tweak and the bulk.
    type Hash<'a>: BulkHash + Clone
    where
        Self: 'a;

    /// Where in a message of `len` bytes the one block is, and where the bulk.
    fn halves(len: usize) -> (Range<usize>, Range<usize>);

    /// Begins the hash of a tweak and a bulk of `len` bytes.
    fn hash(&self, tweak: &[u8], len: usize) -> Self::Hash<'_>;

    /// A block and a hash together.
    fn add(block: u128, hash: u128) -> u128;

    /// Takes a hash out again.
    fn subtract(block: u128, hash: u128) -> u128;

    /// What encrypts the one block.
    fn block_cipher(&self) -> &dyn BlockCipher;

    /// The keystream for the bulk and where it begins, given the one block before and after
    /// encryption.
    fn stream(&self, plain: u128, cipher: u128) -> (&dyn Mode, Iv);
}

/// A hash that takes the bulk in pieces, as [`read`] cuts it.
pub(super) trait BulkHash {
    /// The next piece.
    fn take(&mut self, piece: &[u8]);

    /// The hash.
    fn end(self) -> u128;
}

impl<W: HashEncryptHash> WideBlock for W {
    fn crypt(&self, request: Request<'_>, pace: &mut Pace<'_, '_>) -> Result<()> {
        let Request { direction, iv, input, mut output } = request;
        let (one, bulk) = W::halves(input.len());
        let mut block = Zeroizing::new([0; 16]);
        input.part(one.clone()).copy_to(&mut *block);
        let fresh = self.hash(iv.bytes(), bulk.len());
        let mut hash = fresh.clone();
        read(input.part(bulk.clone()), pace, |piece| hash.take(piece))?;
        let before = W::add(u128::from_le_bytes(*block), hash.end());
        *block = before.to_le_bytes();
        match direction {
            Direction::Encrypt => self.block_cipher().encrypt(&mut *block),
            Direction::Decrypt => self.block_cipher().decrypt(&mut *block),
        }
        let after = u128::from_le_bytes(*block);
        let (stream, mut at) = match direction {
            Direction::Encrypt => self.stream(before, after),
            Direction::Decrypt => self.stream(after, before),
        };
        let mut hash = fresh;
        rewrite(input.part(bulk.clone()), output.borrow().part(bulk), pace, |piece, _, spare| {
            stream.crypt(direction, &mut at, piece, spare);
            hash.take(piece);
        })?;
        *block = W::subtract(after, hash.end()).to_le_bytes();
        output.part(one).copy_from(In::from_slice(&*block));
        Ok(())
    }
}
