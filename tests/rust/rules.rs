//! What the rules of an algorithm refuse before the kernel is asked.

use afalg::algorithm::Algorithm;
use afalg::constraints::{Constraints, KeySizes, Sizes};
use afalg::error::{Error, InputFault, Result};
use afalg::request::{Direction::Encrypt, Iv, Request};
use afalg::span::Out;

use crate::fixture::constraints;

fn fault(result: Result<()>) -> Option<InputFault> {
    match result {
        Ok(()) => None,
        Err(Error::Input { fault, .. }) => Some(fault),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn one_block_is_enough_where_a_mode_needs_a_block() {
    for name in ["xts(aes)", "hctr2(aes)", "cts(cbc(aes))", "adiantum(xchacha12,aes)"] {
        let rules = constraints(name);
        for (len, due) in [(0, Some(InputFault::Length)), (15, Some(InputFault::Length))] {
            assert_eq!(fault(rules.check_length(Encrypt, len)), due, "{name} {len}");
        }
        for len in 16..40 {
            assert_eq!(fault(rules.check_length(Encrypt, len)), None, "{name} {len}");
        }
    }
}

#[test]
fn padding_is_for_ecb_cbc_and_pcbc_over_a_block_cipher() {
    for name in ["ecb(aes)", "cbc(aes)", "cbc(des3_ede)", "pcbc(aes)"] {
        assert!(constraints(name).pads(), "{name}");
        assert_eq!(fault(constraints(name).check_pads()), None, "{name}");
    }
    for name in
        ["ctr(aes)", "xts(aes)", "cts(cbc(aes))", "lrw(aes)", "chacha20", "ecb(cipher_null)"]
    {
        assert!(!constraints(name).pads(), "{name}");
        let refused = fault(constraints(name).check_pads());
        assert_eq!(refused, Some(InputFault::Argument), "{name}");
    }
}

#[test]
fn buffers_may_be_one_or_apart_but_not_overlap_in_part() {
    let (rules, iv) = (constraints("cbc(aes)"), Iv::joined(&[&[0; 16]]).unwrap());
    let direction = Encrypt;
    let mut memory = [0; 64];
    for (at, due) in [
        (0, None),
        (1, Some(InputFault::Overlap)),
        (16, Some(InputFault::Overlap)),
        (31, Some(InputFault::Overlap)),
        (32, None),
    ] {
        let mut memory = Out::from_slice(&mut memory);
        let (input, output) = memory.in_place(64);
        let (input, output) = (input.part(at..at + 32), output.part(0..32));
        let request = Request { direction, iv: &iv, input, output };
        assert_eq!(fault(rules.check_buffers(&request)), due, "{at}");
    }
}

#[test]
fn a_counter_may_come_to_its_end_and_not_beyond() {
    for (name, left, len, due) in [
        ("chacha20", 2, 128, None),
        ("chacha20", 2, 129, Some(InputFault::Length)),
        ("chacha20", 1, 64, None),
        ("chacha20", 1, 65, Some(InputFault::Length)),
        ("xchacha20", 1, 1000, None),
    ] {
        let counter = (u32::MAX - left + 1).to_le_bytes();
        let iv = match name {
            "chacha20" => Iv::joined(&[&counter, &[0; 12]]),
            _ => Iv::joined(&[&[0; 24], &counter, &[0; 4]]),
        };
        let rules = constraints(name);
        let blocks_left = rules.blocks_left(&iv.unwrap());
        assert_eq!(fault(rules.check_counter(blocks_left, len)), due, "{name} {left} {len}");
    }
}

#[test]
fn each_counter_tells_where_it_ends() {
    for (name, text) in [
        ("chacha20", "block 2^32; begin lower"),
        ("xchacha20", "block 2^64; begin lower"),
        ("rfc3686(ctr(aes))", "block 2^32; end the message earlier"),
    ] {
        let error = constraints(name).check_counter(Some(1), 65).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn key_sizes_that_the_kernel_bounds_otherwise_are_the_kernels() {
    let sizes = constraints("cbc(aes)").sizes;
    for (min_key, max_key, takes_20) in [(16, 32, false), (16, 64, true), (8, 32, true)] {
        let name = Algorithm::new("cbc(aes)").unwrap();
        let sizes = Sizes { min_key, max_key, ..sizes };
        let rules = Constraints::derive(&name, "cbc(aes)", None, sizes).unwrap();
        assert_eq!(rules.check_key(20).is_ok(), takes_20, "{min_key} to {max_key}");
        assert_eq!(rules.keys.bounds(), (min_key, max_key));
    }
}

#[test]
fn keys_are_those_of_the_cipher_inside() {
    let of = |sizes: &[usize]| KeySizes::Of(sizes.to_vec());
    for (name, due) in [
        ("ecb(aes)", of(&[16, 24, 32])),
        ("cbc(camellia)", of(&[16, 24, 32])),
        ("ctr(twofish)", of(&[16, 24, 32])),
        ("cbc(aria)", of(&[16, 24, 32])),
        ("cbc(cast6)", of(&[16, 20, 24, 28, 32])),
        ("cbc(anubis)", of(&[16, 20, 24, 28, 32, 36, 40])),
        ("cbc(sm4)", of(&[16])),
        ("ecb(xtea)", of(&[16])),
        ("cbc(des)", of(&[8])),
        ("cbc(des3_ede)", of(&[24])),
        ("ctr(serpent)", KeySizes::Between(0, 32)),
        ("cbc(cast5)", KeySizes::Between(5, 16)),
        ("cbc(blowfish)", KeySizes::Between(4, 56)),
        ("ecb(cipher_null)", of(&[0])),
        ("chacha20", of(&[32])),
        ("xts(aes)", of(&[32, 48, 64])),
        ("lrw(twofish)", of(&[32, 40, 48])),
        ("lrw(serpent)", KeySizes::Between(16, 48)),
        ("rfc3686(ctr(aes))", of(&[20, 28, 36])),
        ("cts(cbc(aes))", of(&[16, 24, 32])),
        ("essiv(cbc(aes),sha256)", of(&[16, 24, 32])),
        ("adiantum(xchacha12,aes)", of(&[32])),
    ] {
        assert_eq!(constraints(name).keys, due, "{name}");
    }
}
