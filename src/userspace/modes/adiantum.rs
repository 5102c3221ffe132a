//! Adiantum (P. Crowley, E. Biggers, Adiantum: length-preserving encryption for entry-level
//! processors, 2018, eprint 2018/720; crypto/adiantum.c): the bulk is hashed by NH and Poly1305 and
//! encrypted by XChaCha, the last block goes through a block cipher.

use std::ops::Range;

use chacha20::Rounds;
use cipher::KeyInit;
use cipher::array::Array;
use poly1305::Poly1305;
use poly1305::universal_hash::UniversalHash;
use zeroize::Zeroizing;

use super::Mode;
use super::chacha::XChaCha;
use super::nh::{self, Nh};
use super::wide::{BulkHash, HashEncryptHash};
use crate::request::{Direction, Iv};
use crate::userspace::block::{BlockCipher, Cipher};
use crate::userspace::scratch::{ROOM, with_scratch};

pub(super) struct Adiantum<R> {
    stream: XChaCha<R>,
    block: Box<dyn BlockCipher>,
    /// For the length and the tweak.
    header: Poly1305,
    /// For the hashes of the bulk.
    bulk: Poly1305,
    nh: Nh,
}

impl<R: Rounds> Adiantum<R> {
    /// All other keys are the keystream of the one key, under the nonce of no block at all.
    pub(super) fn with_key(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        let stream = XChaCha::with_key(key)?;
        let mut keys = Zeroizing::new([0; 32 + 16 + 16 + nh::KEY]);
        let mut at = stream_iv(1, 0)?;
        with_scratch(0, |spare| stream.crypt(Direction::Encrypt, &mut at, &mut *keys, spare));
        let (block, keys) = keys.split_first_chunk::<32>()?;
        let (header, keys) = keys.split_first_chunk::<16>()?;
        let (bulk, keys) = keys.split_first_chunk::<16>()?;
        Some(Self {
            stream,
            block: cipher.with_key(block)?,
            header: polynomial(header),
            bulk: polynomial(bulk),
            nh: Nh::with_key(keys.first_chunk()?),
        })
    }
}

/// Poly1305 without the second half of its key, which is added in the end.
fn polynomial(key: &[u8; 16]) -> Poly1305 {
    let mut long = Zeroizing::new([0; 32]);
    super::copy(&mut *long, key);
    Poly1305::new(&(*long).into())
}

/// The stream's IV: the nonce is a block, a one and zeros, the position is 0.
fn stream_iv(nonce: u128, more: u128) -> Option<Iv> {
    Iv::joined(&[&nonce.to_le_bytes(), &more.to_le_bytes()])
}

impl<R: Rounds> HashEncryptHash for Adiantum<R> {
    type Hash<'a>
        = Hash<'a>
    where
        R: 'a;

    fn halves(len: usize) -> (Range<usize>, Range<usize>) {
        let bulk = len.saturating_sub(16);
        (bulk..len, 0..bulk)
    }

    fn hash(&self, tweak: &[u8], len: usize) -> Hash<'_> {
        let mut header = self.header.clone();
        header.update(&[(len as u128 * 8).to_le_bytes().into()]);
        header.update(Array::slice_as_chunks(tweak).0);
        let header = u128::from_le_bytes(header.finalize().0);
        Hash { header, bulk: self.bulk.clone(), nh: &self.nh }
    }

    fn add(block: u128, hash: u128) -> u128 {
        block.wrapping_add(hash)
    }

    fn subtract(block: u128, hash: u128) -> u128 {
        block.wrapping_sub(hash)
    }

    fn block_cipher(&self) -> &dyn BlockCipher {
        &*self.block
    }

    fn stream(&self, _: u128, cipher: u128) -> (&dyn Mode, Iv) {
        (&self.stream, stream_iv(cipher, 1).unwrap_or(Iv::EMPTY))
    }
}

/// The hash of the header plus that of the bulk.
#[derive(Clone)]
pub(super) struct Hash<'a> {
    header: u128,
    bulk: Poly1305,
    nh: &'a Nh,
}

impl BulkHash for Hash<'_> {
    /// Each unit's NH hash goes on to Poly1305.
    fn take(&mut self, piece: &[u8]) {
        let mut hashes = Zeroizing::new([0; nh::HASH * ROOM.div_ceil(nh::UNIT)]);
        let places = hashes.as_chunks_mut().0;
        let used = piece.len().div_ceil(nh::UNIT) * nh::HASH;
        for (unit, place) in piece.chunks(nh::UNIT).zip(places) {
            *place = self.nh.hash(unit);
        }
        self.bulk.update(Array::slice_as_chunks(hashes.split_at(used).0).0);
    }

    fn end(self) -> u128 {
        self.header.wrapping_add(u128::from_le_bytes(self.bulk.finalize().0))
    }
}
