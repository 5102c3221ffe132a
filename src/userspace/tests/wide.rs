//! Adiantum and HCTR2 as their papers define them, the message in one: for lengths beyond a piece,
//! that no published figure has.

use cipher::KeyInit;
use cipher::array::Array;
use poly1305::Poly1305;
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;

use super::{decrypt, encrypt, noise, open};
use crate::userspace::scratch::{PIECE, ROOM};

const LENGTHS: [usize; 6] = [ROOM + 15, ROOM + 16, ROOM + 17, 2 * PIECE + 48, 12_345, 16];

fn number(bytes: &[u8]) -> u128 {
    u128::from_le_bytes(bytes.try_into().unwrap())
}

fn xor(one: u128, other: u128, third: u128) -> [u8; 16] {
    (one ^ other ^ third).to_le_bytes()
}

/// Eprint 2021/1441, figure 1: HCTR2 over AES.
fn hctr2(key: &[u8], tweak: &[u8], plain: &[u8]) -> Vec<u8> {
    let [aes, xctr] = ["ecb(aes)", "xctr(aes)"].map(|name| open(name, key).unwrap());
    let hash_key: [u8; 16] = encrypt(&aes, b"", &[0; 16]).try_into().unwrap();
    let one = number(&encrypt(&aes, b"", &1_u128.to_le_bytes()));
    let hash = |bulk: &[u8]| {
        let whole = bulk.len().is_multiple_of(16);
        let mut hashed = (2 * 256 + if whole { 2 } else { 3_u128 }).to_le_bytes().to_vec();
        hashed.extend([tweak, bulk].concat());
        hashed.extend_from_slice(if whole { &[] } else { &[1] });
        let mut polyval = Polyval::new(&hash_key.into());
        polyval.update_padded(&hashed);
        number(&polyval.finalize())
    };
    let (first, bulk) = plain.split_at(16);
    let before = number(first) ^ hash(bulk);
    let after = number(&encrypt(&aes, b"", &before.to_le_bytes()));
    let bulk = encrypt(&xctr, &xor(before, after, one), bulk);
    [xor(after, hash(&bulk), 0).to_vec(), bulk].concat()
}

/// Eprint 2018/720, section 6: Adiantum over XChaCha12 and AES.
fn adiantum(key: &[u8], tweak: &[u8], plain: &[u8]) -> Vec<u8> {
    let xchacha = open("xchacha12", key).unwrap();
    let iv = |first: u128, second: u128| [first.to_le_bytes(), second.to_le_bytes()].concat();
    let keys = encrypt(&xchacha, &iv(1, 0), &[0; 64 + 1072]);
    let aes = open("ecb(aes)", &keys[..32]).unwrap();
    let poly = |key: &[u8], message: &[u8]| {
        let key: [u8; 32] = [key, &[0; 16]].concat().try_into().unwrap();
        let mut poly = Poly1305::new(&key.into());
        poly.update(Array::slice_as_chunks(message).0);
        number(&poly.finalize())
    };
    let hash = |bulk: &[u8]| {
        let header = [&(bulk.len() as u128 * 8).to_le_bytes(), tweak].concat();
        let hashes: Vec<_> = bulk.chunks(1024).flat_map(|unit| nh(&keys[64..], unit)).collect();
        poly(&keys[32..48], &header).wrapping_add(poly(&keys[48..64], &hashes))
    };
    let (bulk, last) = plain.split_at(plain.len() - 16);
    let before = number(last).wrapping_add(hash(bulk)).to_le_bytes();
    let after = number(&encrypt(&aes, b"", &before));
    let bulk = encrypt(&xchacha, &iv(after, 1), bulk);
    let last = after.wrapping_sub(hash(&bulk));
    [bulk, last.to_le_bytes().to_vec()].concat()
}

/// The same, 6.3: a sum for each of four passes, whose keys begin four words apart.
fn nh(key: &[u8], unit: &[u8]) -> Vec<u8> {
    let word =
        |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[4 * at..4 * at + 4].try_into().unwrap());
    let mut message = unit.to_vec();
    message.resize(unit.len().next_multiple_of(16), 0);
    let sum = |pass: usize| {
        let plus = |at| u64::from(word(&message, at).wrapping_add(word(key, at + 4 * pass)));
        let products = (0..message.len() / 4)
            .filter(|at| at % 4 < 2)
            .map(|at| plus(at).wrapping_mul(plus(at + 2)));
        products.fold(0, u64::wrapping_add)
    };
    (0..4).flat_map(|pass| sum(pass).to_le_bytes()).collect()
}

#[test]
fn long_messages_are_what_the_papers_define() {
    let (key, tweak) = (noise(32, 1), noise(32, 2));
    for (name, define) in [
        ("hctr2(aes)", hctr2 as fn(&[u8], &[u8], &[u8]) -> Vec<u8>),
        ("adiantum(xchacha12,aes)", adiantum),
    ] {
        let cipher = open(name, &key).unwrap();
        for len in LENGTHS {
            let plain = noise(len, 3);
            let expected = define(&key, &tweak, &plain);
            assert!(encrypt(&cipher, &tweak, &plain) == expected, "{name}: {len} bytes");
            assert!(decrypt(&cipher, &tweak, &expected) == plain, "{name}: {len} bytes");
        }
    }
}
