//! The modes a block at a time, as their definitions have them: for lengths that no published
//! figure has.

use super::{UserspaceCipher, crypt, decrypt, encrypt, noise, open};
use crate::request::Direction;
use crate::userspace::scratch::ROOM;

/// A cipher's own permutation, its key, and the size of its blocks.
const CIPHERS: [(&str, usize, usize); 2] = [("aes", 32, 16), ("des3_ede", 24, 8)];

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

/// Checks a mode over the ciphers against `define`, which gets the bare cipher, the IV and a
/// block, changes the IV and gives the result.
fn defined(
    mode: &str,
    iv: impl Fn(usize) -> Vec<u8>,
    define: impl Fn(&UserspaceCipher, &mut Vec<u8>, &[u8]) -> Vec<u8>,
) {
    for (name, key, size) in CIPHERS {
        let key = noise(key, 1);
        let bare = open(&format!("ecb({name})"), &key).unwrap();
        let cipher = open(&format!("{mode}({name})"), &key).unwrap();
        let (plain, first) = (noise(2 * ROOM / size * size, 3), iv(size));
        let mut place = first.clone();
        let blocks = plain.chunks(size).map(|block| define(&bare, &mut place, block));
        let expected = blocks.collect::<Vec<_>>().concat();
        assert!(encrypt(&cipher, &first, &plain) == expected, "{mode}({name})");
        assert!(decrypt(&cipher, &first, &expected) == plain, "{mode}({name})");
    }
}

#[test]
fn cbc_pcbc_cfb_and_ofb_are_what_they_are_defined_to_be() {
    let iv = |size| noise(size, 2);
    defined("cbc", iv, |bare, iv, block| {
        *iv = encrypt(bare, b"", &xor(block, iv));
        iv.clone()
    });
    defined("pcbc", iv, |bare, iv, block| {
        let cipher = encrypt(bare, b"", &xor(block, iv));
        *iv = xor(block, &cipher);
        cipher
    });
    defined("cfb", iv, |bare, iv, block| {
        *iv = xor(block, &encrypt(bare, b"", iv));
        iv.clone()
    });
    defined("ofb", iv, |bare, iv, block| {
        *iv = encrypt(bare, b"", iv);
        xor(block, iv)
    });
}

#[test]
fn ctr_counts_over_the_whole_block_and_wraps() {
    for last in [0x00, 0xf0] {
        let iv = |size| [vec![0xff; size - 1], vec![last]].concat();
        defined("ctr", iv, |bare, iv, block| {
            let stream = encrypt(bare, b"", iv);
            for byte in iv.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
            xor(block, &stream)
        });
    }
}

/// The number's tweak is the same whether one comes to it or begins there.
#[test]
fn lrw_is_the_same_from_every_block_on() {
    let cipher = open("lrw(aes)", &noise(32, 1)).unwrap();
    for first in [0, 1, 0x7f_ffff, u128::from(u64::MAX) - 40, u128::MAX - 300] {
        let plain = noise(2 * ROOM / 16 * 16, 3);
        for direction in super::BOTH {
            let at_once = crypt(&cipher, direction, &first.to_be_bytes(), &plain);
            for (number, (block, expected)) in plain.chunks(16).zip(at_once.chunks(16)).enumerate()
            {
                let number = first.wrapping_add(number as u128).to_be_bytes();
                assert_eq!(crypt(&cipher, direction, &number, block), expected);
            }
        }
    }
}

/// IEEE 1619-2018, 5.2: the tweak's bytes are shifted by a bit, and 0x87 comes back in.
#[test]
fn xts_multiplies_the_tweak_for_every_block() {
    let (data, tweak) = (noise(32, 1), noise(32, 2));
    let cipher = open("xts(aes)", &[data.clone(), tweak.clone()].concat()).unwrap();
    let [data, tweak] = [data, tweak].map(|key| open("ecb(aes)", &key).unwrap());
    let plain = noise(2 * ROOM / 16 * 16, 3);
    let mut place = encrypt(&tweak, b"", &noise(16, 4));
    let mut expected = Vec::new();
    for block in plain.chunks(16) {
        expected.extend(xor(&encrypt(&data, b"", &xor(block, &place)), &place));
        let mut carry = 0;
        for byte in &mut place {
            (*byte, carry) = (*byte << 1 | carry, *byte >> 7);
        }
        place[0] ^= 0x87 * carry;
    }
    assert!(encrypt(&cipher, &noise(16, 4), &plain) == expected);
    assert!(decrypt(&cipher, &noise(16, 4), &expected) == plain);
}

/// Beyond 2^32 blocks the position's high half is where chacha20 has the nonce's first bytes.
#[test]
fn xchacha_carries_where_its_block_function_wraps() {
    for name in ["xchacha20", "xchacha12"] {
        let cipher = open(name, &noise(32, 1)).unwrap();
        let nonce = noise(24, 2);
        let at = |position: u64| [nonce.clone(), position.to_le_bytes().to_vec()].concat();
        let plain = noise(640, 3);
        let across = crypt(&cipher, Direction::Encrypt, &at((1 << 32) - 4), &plain);
        let before = encrypt(&cipher, &at((1 << 32) - 4), &plain[..256]);
        let behind = encrypt(&cipher, &at(1 << 32), &plain[256..]);
        assert_eq!(across, [before, behind].concat(), "{name}");
        let wrapped = encrypt(&cipher, &at(0), &plain[256..]);
        assert_ne!(across[256..], wrapped, "{name}");
    }
}
