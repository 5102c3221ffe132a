//! LRW: each block is xored before and after with the tweak key times its number, in the field of
//! 2^128 elements (M. Liskov, R. Rivest, D. Wagner, Tweakable Block Ciphers, 2002; drafts of IEEE
//! P1619 before 2007; crypto/lrw.c).
//!
//! The key ends with the tweak key, 16 bytes. The IV is the first block's number, big-endian; the
//! place in a message is the next one's and, behind it, the tweak that goes with it.

use zeroize::Zeroizing;

use super::{Mode, block, times_x};
use crate::request::{Direction, Iv};
use crate::userspace::block::{BlockCipher, Cipher};
use crate::userspace::scratch::{Scratch, xor};

pub(super) struct Lrw {
    data: Box<dyn BlockCipher>,
    /// The tweak key times x^0, x^1, and so on.
    powers: Zeroizing<[u128; 128]>,
}

impl Lrw {
    pub(super) fn with_key(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        let (key, tweak) = key.split_last_chunk::<16>()?;
        let mut powers = Zeroizing::new([0; 128]);
        let mut power = u128::from_be_bytes(*tweak);
        for place in powers.iter_mut() {
            *place = power;
            power = times_x(power);
        }
        Some(Self { data: cipher.with_key(key)?, powers })
    }

    /// The tweak of block `number`: one multiplication, term by term. The number is no secret.
    fn tweak(&self, number: u128) -> u128 {
        let terms = self.powers.iter().enumerate().filter(|(bit, _)| number >> bit & 1 == 1);
        terms.fold(0, |sum, (_, power)| sum ^ power)
    }

    /// What changes the tweak of block `number` into that of the next: the number's trailing ones
    /// and the bit above them turn over, two of them on average.
    fn step(&self, number: u128) -> u128 {
        let turning = number.trailing_ones() as usize + 1;
        self.powers.iter().take(turning).fold(0, |sum, power| sum ^ power)
    }
}

impl Mode for Lrw {
    fn begin(&self, iv: &Iv) -> Iv {
        let tweak = self.tweak(u128::from_be_bytes(block(iv.bytes())));
        Iv::joined(&[iv.bytes(), &tweak.to_be_bytes()]).unwrap_or(Iv::EMPTY)
    }

    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let (halves, _) = iv.bytes_mut().as_chunks_mut::<16>();
        let [place, tweak_place] = halves else { return };
        let mut number = u128::from_be_bytes(*place);
        let mut tweak = u128::from_be_bytes(*tweak_place);
        let tweaks = spare.first(data.len());
        for block in tweaks.as_chunks_mut::<16>().0 {
            *block = tweak.to_be_bytes();
            tweak ^= self.step(number);
            number = number.wrapping_add(1);
        }
        *place = number.to_be_bytes();
        *tweak_place = tweak.to_be_bytes();
        xor(data, tweaks);
        match direction {
            Direction::Encrypt => self.data.encrypt(data),
            Direction::Decrypt => self.data.decrypt(data),
        }
        xor(data, tweaks);
    }
}
