//! HCTR2 (P. Crowley, N. Huckleberry, E. Biggers, Length-preserving encryption with HCTR2, 2021,
//! eprint 2021/1441; crypto/hctr2.c): the bulk is hashed by POLYVAL and encrypted by XCTR, the
//! first block goes through the block cipher.

use std::ops::Range;

use cipher::array::Array;
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;
use zeroize::Zeroizing;

use super::wide::{BulkHash, HashEncryptHash};
use super::{Mode, Xctr, block};
use crate::request::Iv;
use crate::userspace::block::{BlockCipher, Cipher};

pub(super) struct Hctr2 {
    xctr: Xctr,
    polyval: Polyval,
    /// The encrypted one, which sets the keystreams of two messages of the same hash apart.
    one: Zeroizing<[u8; 16]>,
}

impl Hctr2 {
    pub(super) fn with_key(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        let cipher = cipher.with_key(key)?;
        let mut zero = Zeroizing::new([0; 16]);
        cipher.encrypt(&mut *zero);
        let mut one = Zeroizing::new(1_u128.to_le_bytes());
        cipher.encrypt(&mut *one);
        Some(Self { xctr: Xctr(cipher), polyval: Polyval::new(&(*zero).into()), one })
    }
}

impl HashEncryptHash for Hctr2 {
    type Hash<'a> = Polyval;

    fn halves(len: usize) -> (Range<usize>, Range<usize>) {
        (0..16, 16..len)
    }

    /// The first block is twice the tweak's bits, and 2 or, where the bulk's last block is not
    /// whole, 3.
    fn hash(&self, tweak: &[u8], len: usize) -> Polyval {
        let mut hash = self.polyval.clone();
        let cut = u128::from(!len.is_multiple_of(16));
        hash.update(&[(tweak.len() as u128 * 16 + 2 + cut).to_le_bytes().into()]);
        hash.update(Array::slice_as_chunks(tweak).0);
        hash
    }

    fn add(block: u128, hash: u128) -> u128 {
        block ^ hash
    }

    fn subtract(block: u128, hash: u128) -> u128 {
        block ^ hash
    }

    fn block_cipher(&self) -> &dyn BlockCipher {
        &*self.xctr.0
    }

    fn stream(&self, plain: u128, cipher: u128) -> (&dyn Mode, Iv) {
        let seed = plain ^ cipher ^ u128::from_le_bytes(*self.one);
        let iv = Iv::joined(&[&seed.to_le_bytes()]).unwrap_or(Iv::EMPTY);
        (&self.xctr, self.xctr.begin(&iv))
    }
}

impl BulkHash for Polyval {
    /// Behind the last block, where it is not whole, comes a one.
    fn take(&mut self, piece: &[u8]) {
        let (blocks, rest) = Array::slice_as_chunks(piece);
        self.update(blocks);
        if !rest.is_empty() {
            let mut last = Zeroizing::new(block(rest));
            if let Some(next) = last.get_mut(rest.len()) {
                *next = 1;
            }
            self.update(&[(*last).into()]);
        }
    }

    fn end(self) -> u128 {
        u128::from_le_bytes(self.finalize().0)
    }
}
