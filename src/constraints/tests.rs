use super::*;
use crate::span::{In, Out};

fn constraints(name: &str) -> Constraints {
    Constraints::built_in(&Algorithm::new(name).unwrap()).unwrap().unwrap()
}

fn text(result: Result<()>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn each_mode_has_its_continuation() {
    use Continuation as C;
    for (name, expected) in [
        ("ecb(aes)", C::Iv(NextIv::None)),
        ("ecb(cipher_null)", C::Iv(NextIv::None)),
        ("cbc(des3_ede)", C::Iv(NextIv::LastCiphertext)),
        ("cfb(aes)", C::Iv(NextIv::LastCiphertext)),
        ("ctr(serpent)", C::Iv(NextIv::BigEndianCounter)),
        ("pcbc(aes)", C::KernelIv),
        ("lrw(twofish)", C::KernelIv),
        ("ofb(aes)", C::KernelIv),
        ("chacha20", C::Counter(Counter::ChaCha)),
        ("xchacha12", C::Counter(Counter::XChaCha)),
        ("cts(cbc(aes))", C::Sibling(Sibling::Cts)),
        ("rfc3686(ctr(aes))", C::Sibling(Sibling::Rfc3686)),
        ("xts(aes)", C::OneRequest),
        ("xctr(aes)", C::OneRequest),
        ("hctr2(aes)", C::OneRequest),
        ("adiantum(xchacha12,aes)", C::OneRequest),
        ("essiv(cbc(aes),sha256)", C::OneRequest),
    ] {
        assert_eq!(constraints(name).continuation, expected, "{name}");
    }
}

#[test]
fn names_and_sizes_that_do_not_agree_are_never_cut() {
    let odd = Sizes { block: 16, chunk: 64, iv: 16, min_key: 16, max_key: 32 };
    for name in ["cbc(aes)", "cbc-aes-odd", "ctr(aes)", "cts(cbc(aes))", "cbc(cts(aes))", "mine"] {
        assert_eq!(Continuation::derive(name, odd), Continuation::OneRequest, "{name}");
    }
}

#[test]
fn keys_are_checked_by_the_cipher_not_by_its_range() {
    assert_eq!(
        text(constraints("cbc(aes)").check_key(20)),
        "key has 20 bytes, cbc(aes) needs 16, 24 or 32"
    );
    assert_eq!(
        text(constraints("xts(aes)").check_key(33)),
        "key has 33 bytes, xts(aes) needs 32, 48 or 64"
    );
    assert_eq!(
        text(constraints("lrw(aes)").check_key(16)),
        "key has 16 bytes, lrw(aes) needs 32, 40 or 48"
    );
    assert_eq!(text(constraints("chacha20").check_key(16)), "key has 16 bytes, chacha20 needs 32");
    assert_eq!(
        text(constraints("cbc(serpent)").check_key(33)),
        "key has 33 bytes, cbc(serpent) needs 0 to 32"
    );
    assert_eq!(
        text(constraints("ecb(cipher_null)").check_key(1)),
        "key has 1 byte, ecb(cipher_null) needs none (0 bytes)"
    );
    assert!(constraints("rfc3686(ctr(aes))").check_key(20).is_ok());
}

#[test]
fn a_driver_with_keys_of_its_own_is_believed() {
    let blob = Sizes { block: 16, chunk: 16, iv: 16, min_key: 48, max_key: 96 };
    assert_eq!(KeySizes::derive("cbc(aes)", blob), KeySizes::Between(48, 96));
}

#[test]
fn ivs_are_checked() {
    let (cbc, ecb) = (constraints("cbc(aes)"), constraints("ecb(aes)"));
    assert_eq!(text(cbc.check_iv(None)), "iv is missing, cbc(aes) needs one of 16 bytes");
    assert_eq!(text(cbc.check_iv(Some(12))), "iv has 12 bytes, cbc(aes) needs 16");
    assert_eq!(text(ecb.check_iv(Some(16))), "iv has 16 bytes, ecb(aes) takes none; leave it out");
    assert!(
        ecb.check_iv(None).is_ok()
            && ecb.check_iv(Some(0)).is_ok()
            && cbc.check_iv(Some(16)).is_ok()
    );
}

#[test]
fn lengths_are_checked() {
    let refused = |name: &str, direction, len| text(constraints(name).check_length(direction, len));
    let (encrypt, decrypt) = (Direction::Encrypt, Direction::Decrypt);
    let rule = "data has 20 bytes, cbc(aes) needs a multiple of 16";
    assert_eq!(refused("cbc(aes)", decrypt, 20), rule);
    let way_out = format!("{rule} (padding=\"pkcs7\" makes it one)");
    assert_eq!(refused("cbc(aes)", encrypt, 20), way_out);
    assert_eq!(refused("lrw(aes)", encrypt, 1), "data has 1 byte, lrw(aes) needs a multiple of 16");
    assert_eq!(refused("xts(aes)", encrypt, 0), "data has 0 bytes, xts(aes) needs at least 16");
    for (name, len) in [("cbc(aes)", 0), ("ctr(aes)", 7), ("xts(aes)", 17), ("cbc(des3_ede)", 8)] {
        assert!(constraints(name).check_length(encrypt, len).is_ok(), "{name} {len}");
    }
}

#[test]
fn a_driver_bound_by_its_name_has_the_rules_of_what_it_implements() {
    let driver = Algorithm::new("cbc-aes-aesni").unwrap();
    let sizes = constraints("cbc(aes)").sizes;
    let cbc = Constraints::derive(&driver, "cbc(aes)", None, sizes).unwrap();
    assert!(cbc.pads());
    assert_eq!(cbc.continuation, Continuation::Iv(NextIv::LastCiphertext));
    assert_eq!(text(cbc.check_key(20)), "key has 20 bytes, cbc-aes-aesni needs 16, 24 or 32");
}

fn iv_with(size: usize, at: usize, field: &[u8]) -> Iv {
    let mut bytes = [0; MAX_IV];
    bytes[at..at + field.len()].copy_from_slice(field);
    Iv::copy_of(In::from_slice(&bytes[..size])).unwrap()
}

#[test]
fn counters_end_where_they_end() {
    let chacha = constraints("chacha20");
    let iv = iv_with(16, 0, &0xffff_fffe_u32.to_le_bytes());
    assert_eq!(chacha.blocks_left(&iv), Some(2));
    assert!(chacha.check_counter(Some(2), 128).is_ok());
    assert!(text(chacha.check_counter(Some(2), 129)).contains("past its end, block 2^32"));
    let xchacha = constraints("xchacha20");
    let iv = iv_with(32, 24, &0xffff_fffe_u64.to_le_bytes());
    assert_eq!(xchacha.blocks_left(&iv), Some((1 << 64) - 0xffff_fffe));
    assert_eq!(Counter::XChaCha.blocks_to_wrap(&iv), 2);
    assert_eq!(constraints("rfc3686(ctr(aes))").blocks_left(&Iv::EMPTY), Some((1 << 32) - 1));
    assert_eq!(constraints("ctr(aes)").blocks_left(&Iv::EMPTY), None);
}

#[test]
fn counters_move_on_in_their_own_order() {
    let mut iv = iv_with(32, 24, &0xffff_fffe_u64.to_le_bytes());
    Counter::XChaCha.advance(&mut iv, 3);
    assert_eq!(iv, iv_with(32, 24, &0x1_0000_0001_u64.to_le_bytes()));
    let mut iv = iv_with(16, 0, &7_u32.to_le_bytes());
    Counter::ChaCha.advance(&mut iv, 256);
    assert_eq!(iv, iv_with(16, 0, &263_u32.to_le_bytes()));
    let mut iv = iv_with(16, 0, &[0xff; 16]);
    NextIv::add_big_endian(&mut iv, 0x102);
    assert_eq!(iv, iv_with(16, 14, &[1, 1]));
}

#[test]
fn the_result_must_fit() {
    let (cbc, iv) = (constraints("cbc(aes)"), Iv::joined(&[&[0; 16]]).unwrap());
    let (input, mut output) = ([0; 32], [0; 16]);
    let request = Request {
        direction: Direction::Encrypt,
        iv: &iv,
        input: In::from_slice(&input),
        output: Out::from_slice(&mut output),
    };
    assert_eq!(text(cbc.check_buffers(&request)), "out has 16 bytes, the result needs 32");
}

#[test]
fn a_cts_tail_has_more_than_one_block_and_at_most_two() {
    for block in [8, 16] {
        for len in 0..=10 * block {
            let head = Sibling::before_cts_tail(len, block);
            assert_eq!(head % block, 0);
            let tail = len - head;
            let whole = tail > block && tail <= 2 * block;
            assert!(if len > block { whole } else { head == 0 }, "{len} of {block}");
        }
    }
}

#[test]
fn a_counter_ends_however_its_driver_may_be_cut() {
    for (name, place) in [("chacha20", 0), ("xchacha20", 24)] {
        let algorithm = Algorithm::new(name).unwrap();
        let sizes = Constraints::built_in(&algorithm).unwrap().unwrap().sizes;
        let odd = Sizes { chunk: 1, ..sizes };
        let rules = Constraints::derive(&algorithm, name, None, odd).unwrap();
        assert_eq!(rules.continuation, Continuation::OneRequest);
        let mut iv = vec![0; sizes.iv];
        iv[place..].iter_mut().take(sizes.iv.min(32) / 4).for_each(|byte| *byte = 0xff);
        let left = rules.blocks_left(&Iv::joined(&[&iv]).unwrap());
        assert_eq!(left, Some(1), "{name}");
        assert!(rules.check_counter(left, 64).is_ok());
        assert!(rules.check_counter(left, 65).is_err());
    }
}
