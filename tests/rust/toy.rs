//! A toy block cipher, and every mode over it the way one kernel request runs it.
//!
//! What matters is what each mode leaves in the IV: the chained ones (`crypto/cbc.c` and its like)
//! move it on, all others leave it, so that a second request starts over.

use afalg::constraints::Constraints;
use afalg::request::Direction;

/// A block cipher that mixes every byte of a block into every other, and nothing more.
#[derive(Clone, Debug)]
pub(crate) struct Toy {
    /// The key, again and again.
    key: [u8; 32],
}

const FACTOR: u8 = 167;
const INVERSE: u8 = 23; // 23 * 167 = 1 modulo 256

impl Toy {
    fn new(key: &[u8]) -> Self {
        let mut all = [0; 32];
        for (byte, from) in all.iter_mut().zip(key.iter().cycle()) {
            *byte = *from;
        }
        Self { key: all }
    }

    pub(crate) fn encrypt(&self, block: &mut [u8]) {
        for round in 0..2 {
            let mut last = self.key[round];
            for (byte, key) in block.iter_mut().zip(&self.key[round..]) {
                *byte = byte.wrapping_add(last).wrapping_mul(FACTOR) ^ key;
                last = *byte;
            }
            block.reverse();
        }
    }

    pub(crate) fn decrypt(&self, block: &mut [u8]) {
        for round in [1, 0] {
            block.reverse();
            for at in (0..block.len()).rev() {
                let last = if at == 0 { self.key[round] } else { block[at - 1] };
                let mixed = block[at] ^ self.key[at + round];
                block[at] = mixed.wrapping_mul(INVERSE).wrapping_sub(last);
            }
        }
    }

    /// The encrypted block, in new bytes.
    pub(crate) fn of(&self, block: &[u8]) -> Vec<u8> {
        let mut block = block.to_vec();
        self.encrypt(&mut block);
        block
    }

    /// The 64 bytes of keystream that a state of 16 or 32 bytes gives.
    pub(crate) fn keystream(&self, state: &[u8]) -> Vec<u8> {
        let (front, back) = state.split_at(16);
        (0..4).flat_map(|lane| self.of(&xor(&xor(&self.of(front), back), &[lane]))).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Ecb,
    Cbc,
    Pcbc,
    Cfb,
    Ofb,
    Ctr,
    Lrw,
    Cts,
    Rfc3686,
    ChaCha,
    XChaCha,
    /// Every byte depends on the length of the whole: what xts, hctr2 and adiantum are here.
    Wide,
}

impl Mode {
    fn of(name: &str) -> Self {
        match name.split('(').next().unwrap_or_default() {
            "ecb" => Self::Ecb,
            "cbc" => Self::Cbc,
            "pcbc" => Self::Pcbc,
            "cfb" => Self::Cfb,
            "ofb" => Self::Ofb,
            "ctr" => Self::Ctr,
            "lrw" => Self::Lrw,
            "cts" => Self::Cts,
            "rfc3686" => Self::Rfc3686,
            "chacha20" => Self::ChaCha,
            "xchacha20" => Self::XChaCha,
            _ => Self::Wide,
        }
    }
}

/// A mode with its key.
#[derive(Clone, Debug)]
pub(crate) struct Cipher {
    pub(crate) toy: Toy,
    pub(crate) mode: Mode,
    /// The bytes of the toy's block; 16 where the mode has no block of its own.
    pub(crate) block: usize,
    /// Where a message may be cut.
    pub(crate) chunk: usize,
    /// What rfc3686 takes off the end of its key.
    pub(crate) nonce: Vec<u8>,
}

impl Cipher {
    pub(crate) fn new(constraints: &Constraints, key: &[u8]) -> Self {
        let mode = Mode::of(constraints.algorithm.as_str());
        let nonce_size = if mode == Mode::Rfc3686 { 4 } else { 0 };
        let (key, nonce) = key.split_at(key.len() - nonce_size);
        let chunk = constraints.sizes.chunk;
        let toy = Toy::new(key);
        Self { toy, mode, block: chunk.min(16), chunk, nonce: nonce.to_vec() }
    }

    /// One request: `data` is changed in place, and `iv` as the kernel would. False: EINVAL.
    pub(crate) fn request(&self, direction: Direction, iv: &mut [u8], data: &mut [u8]) -> bool {
        match self.mode {
            Mode::Ecb | Mode::Cbc | Mode::Pcbc | Mode::Lrw
                if !data.len().is_multiple_of(self.block) =>
            {
                return false;
            }
            Mode::Cts if data.len() < self.block => return false,
            Mode::Cts => self.cts(direction, &mut iv.to_vec(), data),
            Mode::Wide => self.wide(iv, data),
            Mode::ChaCha => self.counted(0, &mut iv.to_vec(), data),
            Mode::XChaCha => self.counted(24, &mut iv.to_vec(), data),
            Mode::Rfc3686 => {
                let mut counter = [&self.nonce[..], iv, &[0, 0, 0, 1]].concat();
                data.chunks_mut(16).for_each(|block| self.count(&mut counter, block));
            }
            _ => data.chunks_mut(self.block).for_each(|block| self.chain(direction, iv, block)),
        }
        true
    }

    /// One block of a chained mode, which moves the IV on.
    fn chain(&self, direction: Direction, iv: &mut [u8], block: &mut [u8]) {
        let (before, old) = (block.to_vec(), iv.to_vec());
        let encrypts = direction == Direction::Encrypt;
        let run: fn(&Toy, &mut [u8]) = if encrypts { Toy::encrypt } else { Toy::decrypt };
        match self.mode {
            Mode::Ecb => run(&self.toy, block),
            Mode::Cbc | Mode::Pcbc | Mode::Cts => {
                self.cbc(encrypts, &old, block);
                let cipher = if encrypts { &*block } else { &before };
                let both = xor(&before, block);
                iv.copy_from_slice(if self.mode == Mode::Pcbc { &both } else { cipher });
            }
            Mode::Cfb => {
                add(block, &self.toy.of(&old));
                let cipher = if encrypts { &*block } else { &before };
                iv[..cipher.len()].copy_from_slice(cipher);
            }
            Mode::Ofb => {
                self.toy.encrypt(iv);
                add(block, iv);
            }
            Mode::Lrw => {
                let tweak = self.toy.of(&self.toy.of(&old));
                add(block, &tweak);
                run(&self.toy, block);
                add(block, &tweak);
                increment(iv);
            }
            _ => self.count(iv, block),
        }
    }

    fn cbc(&self, encrypts: bool, iv: &[u8], block: &mut [u8]) {
        if encrypts {
            add(block, iv);
            self.toy.encrypt(block);
        } else {
            self.toy.decrypt(block);
            add(block, iv);
        }
    }

    fn count(&self, iv: &mut [u8], block: &mut [u8]) {
        add(block, &self.toy.of(iv));
        increment(iv);
    }

    /// cbc, then the last two blocks change places and the padding is stolen (`crypto/cts.c`).
    fn cts(&self, direction: Direction, iv: &mut [u8], data: &mut [u8]) {
        let size = self.block;
        let head = data.len().saturating_sub(size + 1) / size * size;
        let (head, tail) = data.split_at_mut(head);
        head.chunks_mut(size).for_each(|block| self.chain(direction, iv, block));
        if tail.len() <= size {
            return self.chain(direction, iv, tail);
        }
        let (first, second) = tail.split_at_mut(size);
        let given = second.to_vec();
        if direction == Direction::Encrypt {
            self.chain(direction, iv, first);
            second.copy_from_slice(&first[..given.len()]);
            add(first, &given);
            self.toy.encrypt(first);
        } else {
            let mut mixed = first.to_vec();
            self.toy.decrypt(&mut mixed);
            second.copy_from_slice(&xor(&mixed[..given.len()], &given));
            first.copy_from_slice(&mixed);
            first[..given.len()].copy_from_slice(&given);
            self.cbc(false, iv, first);
        }
    }

    /// A 32-bit little-endian counter that wraps (`chacha_crypt`).
    fn counted(&self, at: usize, state: &mut [u8], data: &mut [u8]) {
        for block in data.chunks_mut(64) {
            add(block, &self.toy.keystream(state));
            for byte in &mut state[at..at + 4] {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
    }

    fn wide(&self, iv: &[u8], data: &mut [u8]) {
        let (front, back) = iv.split_at(16);
        let len = data.len().to_be_bytes();
        let seed = self.toy.of(&xor(&xor(&self.toy.of(front), back), &len));
        for (at, block) in data.chunks_mut(16).enumerate() {
            add(block, &self.toy.of(&xor(&seed, &at.to_le_bytes())));
        }
    }
}

/// `to` with the bytes of `with` in it, as many as both have.
pub(crate) fn add(to: &mut [u8], with: &[u8]) {
    for (byte, other) in to.iter_mut().zip(with) {
        *byte ^= other;
    }
}

/// The same, in new bytes.
pub(crate) fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut sum = one.to_vec();
    add(&mut sum, other);
    sum
}

/// A big-endian counter moves on by one (`crypto_inc`).
fn increment(counter: &mut [u8]) {
    for byte in counter.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}
