//! What the rules of an algorithm refuse before the kernel is asked.

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
