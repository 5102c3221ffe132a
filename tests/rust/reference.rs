//! What a whole message encrypts to, straight from each mode's definition: no pieces, no state.

use crate::toy::{Cipher, Mode, Toy, xor};

/// The ciphertext of a whole message. Decryption is tested as its inverse.
pub(crate) fn encrypted(cipher: &Cipher, iv: &[u8], message: &[u8]) -> Vec<u8> {
    let toy = &cipher.toy;
    let plain: Vec<&[u8]> = message.chunks(cipher.block).collect();
    match cipher.mode {
        Mode::Ecb => plain.iter().flat_map(|block| toy.of(block)).collect(),
        Mode::Cbc => cbc(toy, iv, &plain).concat(),
        Mode::Pcbc => pcbc(toy, iv, &plain),
        Mode::Cfb => cfb(toy, iv, &plain),
        Mode::Ofb => ofb(toy, iv, &plain),
        Mode::Ctr => ctr(toy, iv, &plain),
        Mode::Lrw => lrw(toy, iv, &plain),
        Mode::Cts => cts(toy, iv, &plain),
        Mode::Rfc3686 => ctr(toy, &[&cipher.nonce[..], iv, &[0, 0, 0, 1]].concat(), &plain),
        Mode::ChaCha => counted(toy, iv, 0, message),
        Mode::XChaCha => counted(toy, iv, 24, message),
        Mode::Wide => wide(toy, iv, &plain, message.len()),
    }
}

fn cbc(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut all = Vec::<Vec<u8>>::new();
    for block in plain {
        all.push(toy.of(&xor(block, all.last().map_or(iv, Vec::as_slice))));
    }
    all
}

fn pcbc(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::<Vec<u8>>::new();
    for (at, block) in plain.iter().enumerate() {
        let before = at.checked_sub(1).map_or(iv.to_vec(), |last| xor(plain[last], &all[last]));
        all.push(toy.of(&xor(block, &before)));
    }
    all.concat()
}

fn cfb(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::<Vec<u8>>::new();
    for block in plain {
        all.push(xor(block, &toy.of(all.last().map_or(iv, Vec::as_slice))));
    }
    all.concat()
}

fn ofb(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<u8> {
    let keystream = std::iter::successors(Some(toy.of(iv)), |last| Some(toy.of(last)));
    plain.iter().zip(keystream).flat_map(|(block, key)| xor(block, &key)).collect()
}

fn ctr(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<u8> {
    let numbered = plain.iter().enumerate();
    numbered.flat_map(|(at, block)| xor(block, &toy.of(&plus(iv, at)))).collect()
}

fn lrw(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<u8> {
    let one = |(at, block): (usize, &&[u8])| {
        let tweak = toy.of(&toy.of(&plus(iv, at)));
        xor(&toy.of(&xor(block, &tweak)), &tweak)
    };
    plain.iter().enumerate().flat_map(one).collect()
}

/// NIST SP 800-38A addendum, CBC-CS3: cbc of the message with zeros behind it, the last two
/// blocks swapped, cut to the message's length.
fn cts(toy: &Toy, iv: &[u8], plain: &[&[u8]]) -> Vec<u8> {
    let len = plain.iter().map(|block| block.len()).sum();
    let mut padded = plain.concat();
    padded.resize(padded.len().next_multiple_of(iv.len()), 0);
    let blocks: Vec<&[u8]> = padded.chunks(iv.len()).collect();
    let mut all = cbc(toy, iv, &blocks);
    let count = all.len();
    if count > 1 {
        all.swap(count - 2, count - 1);
    }
    let mut bytes = all.concat();
    bytes.truncate(len);
    bytes
}

/// A little-endian counter that carries as far as the state goes on behind it.
fn counted(toy: &Toy, iv: &[u8], at: usize, message: &[u8]) -> Vec<u8> {
    let width = if at == 0 { 4 } else { 8 };
    let field = &iv[at..at + width];
    let start = field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let mut all = Vec::new();
    for (count, block) in (0_u64..).zip(message.chunks(64)) {
        let mut state = iv.to_vec();
        state[at..at + width].copy_from_slice(&(start + count).to_le_bytes()[..width]);
        all.extend(xor(block, &toy.keystream(&state)));
    }
    all
}

fn wide(toy: &Toy, iv: &[u8], plain: &[&[u8]], len: usize) -> Vec<u8> {
    let (front, back) = iv.split_at(16);
    let mut seed = xor(&toy.of(front), back);
    for (byte, mix) in seed.iter_mut().zip(len.to_be_bytes()) {
        *byte ^= mix;
    }
    let seed = toy.of(&seed);
    let numbered = plain.iter().enumerate();
    numbered.flat_map(|(at, block)| xor(block, &toy.of(&xor(&seed, &at.to_le_bytes())))).collect()
}

/// A big-endian number of any width up to 16 bytes, plus `count`.
fn plus(number: &[u8], count: usize) -> Vec<u8> {
    let value = number.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    let sum = value.wrapping_add(count as u128).to_be_bytes();
    sum[16 - number.len()..].to_vec()
}
