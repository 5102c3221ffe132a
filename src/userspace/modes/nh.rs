//! NH with four passes and a stride of two, as Adiantum has it (P. Crowley, E. Biggers, Adiantum:
//! length-preserving encryption for entry-level processors, 2018, eprint 2018/720, 6.3;
//! crypto/nhpoly1305.c). Little-endian words of 32 bits, sums of 64.

use zeroize::Zeroizing;

use super::block;

/// Bytes of a message that are hashed at once.
pub(super) const UNIT: usize = 1024;

const PASSES: usize = 4;

/// Bytes of a hash.
pub(super) const HASH: usize = 8 * PASSES;

/// Words of key: a unit's, and four more for each pass but the first.
const WORDS: usize = UNIT / 4 + 4 * (PASSES - 1);

/// Bytes of key.
pub(super) const KEY: usize = 4 * WORDS;

pub(super) struct Nh(Zeroizing<[u32; WORDS]>);

impl Nh {
    pub(super) fn with_key(bytes: &[u8; KEY]) -> Self {
        let mut words = Zeroizing::new([0; WORDS]);
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        Self(words)
    }

    /// The hash of at most [`UNIT`] bytes. A last block that is not whole gets zeros behind it.
    pub(super) fn hash(&self, unit: &[u8]) -> [u8; HASH] {
        let mut sums = [0; PASSES];
        let (blocks, rest) = unit.as_chunks();
        let mut keys = self.0.as_chunks().0.windows(PASSES);
        for (block, keys) in blocks.iter().zip(keys.by_ref()) {
            add(&mut sums, block, keys);
        }
        if let (false, Some(keys)) = (rest.is_empty(), keys.next()) {
            add(&mut sums, &block(rest), keys);
        }
        let mut hash = [0; HASH];
        for (bytes, sum) in hash.as_chunks_mut().0.iter_mut().zip(sums) {
            *bytes = sum.to_le_bytes();
        }
        hash
    }
}

/// Adds to each pass's sum the products of words two apart, each plus its key.
fn add(sums: &mut [u64; PASSES], block: &[u8; 16], keys: &[[u32; 4]]) {
    let [a, b, c, d] = *block.as_chunks().0 else { return };
    let plus = |word, key| u64::from(u32::from_le_bytes(word).wrapping_add(key));
    for (sum, [first, second, third, fourth]) in sums.iter_mut().zip(keys) {
        let products = (plus(a, *first) * plus(c, *third), plus(b, *second) * plus(d, *fourth));
        *sum = sum.wrapping_add(products.0).wrapping_add(products.1);
    }
}
