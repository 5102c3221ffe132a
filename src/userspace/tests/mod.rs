//! The userspace provider against published figures, against the modes' definitions, and against
//! itself.

mod definitions;
mod figures;
mod names;
mod parts;
mod wide;

use super::UserspaceCipher;
use crate::algorithm::Algorithm;
use crate::error::Result;
use crate::request::{Direction, Iv, Request};
use crate::span::{In, Out};

const BOTH: [Direction; 2] = [Direction::Encrypt, Direction::Decrypt];

fn open(name: &str, key: &[u8]) -> Result<UserspaceCipher> {
    UserspaceCipher::open(&Algorithm::new(name)?, In::from_slice(key))
}

fn iv(bytes: &[u8]) -> Iv {
    Iv::joined(&[bytes]).unwrap()
}

/// A whole message at once, after the checks that every message goes through.
fn crypt(cipher: &UserspaceCipher, direction: Direction, iv: &[u8], data: &[u8]) -> Vec<u8> {
    let iv = self::iv(iv);
    let mut result = vec![0xa5; data.len()];
    let (input, output) = (In::from_slice(data), Out::from_slice(&mut result));
    let request = Request { direction, iv: &iv, input, output };
    cipher.constraints().check_length(direction, data.len()).unwrap();
    cipher.constraints().check_buffers(&request).unwrap();
    cipher.crypt(request, &mut || false).unwrap();
    result
}

fn encrypt(cipher: &UserspaceCipher, iv: &[u8], data: &[u8]) -> Vec<u8> {
    crypt(cipher, Direction::Encrypt, iv, data)
}

fn decrypt(cipher: &UserspaceCipher, iv: &[u8], data: &[u8]) -> Vec<u8> {
    crypt(cipher, Direction::Decrypt, iv, data)
}

/// Bytes that look like nothing in particular, the same every time.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[6]
    };
    (0..len).map(|_| next()).collect()
}
