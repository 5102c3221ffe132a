//! Names, sizes, errors: what there is and what is said of what there is not.

use super::{crypt, noise, open};
use crate::algorithm::Algorithm;
use crate::constraints::{Constraints, Continuation, KeySizes, Sibling, bytes};
use crate::error::{Error, InputFault};
use crate::userspace::{constant_time, names};

/// A key of every size that a name takes, or of the ends and some between.
pub(super) fn key_sizes(name: &str) -> Vec<usize> {
    let constraints = Constraints::built_in(&Algorithm::new(name).unwrap()).unwrap().unwrap();
    match constraints.keys {
        KeySizes::Of(sizes) => sizes,
        KeySizes::Between(min, max) if name.starts_with("xts") => vec![min, min + 2, max],
        KeySizes::Between(min, max) => vec![min, min + 1, max - 1, max],
    }
}

#[test]
fn every_name_is_known_and_takes_its_keys() {
    let mut all: Vec<_> = names().collect();
    for name in &all {
        assert!(constant_time(name).is_some(), "{name}");
        for size in key_sizes(name) {
            let cipher = open(name, &noise(size, 1)).unwrap();
            assert_eq!(cipher.constraints().algorithm.as_str(), name);
            assert_eq!(cipher.max_message(), None);
            let iv = noise(cipher.constraints().sizes.iv, 2);
            for direction in super::BOTH {
                assert_eq!(crypt(&cipher, direction, &iv, &noise(48, 3)).len(), 48, "{name}");
            }
        }
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), count), (135, 135));
}

#[test]
fn names_that_the_kernel_would_not_make_either_are_not_found() {
    for name in ["xts(des)", "lrw(blowfish)", "essiv(cbc(sm4),sha256)", "adiantum(xchacha12,sm4)"]
        .into_iter()
        .chain([
            "cbc(aes",
            "cbc(ase)",
            "cbc-aes-aesni",
            "ctr(chacha20)",
            "aes",
            "rfc3686(ctr(des))",
        ])
    {
        assert_eq!(constant_time(name), None, "{name}");
        let error = open(name, &[0; 16]).unwrap_err();
        assert!(matches!(&error, Error::NotFound { algorithm, .. } if algorithm == name));
    }
    for (name, text) in [
        ("cbc(ase)", "userspace has no skcipher cbc(ase); did you mean cbc(aes)?"),
        ("no such", "userspace has no skcipher no such; it has chacha20, "),
        ("cbc(seed)", "userspace has no skcipher cbc(seed); it has chacha20, "),
        ("aes", "aes is a block cipher without a mode"),
        ("sha256", "sha256 is a hash, not a skcipher"),
    ] {
        let error = open(name, &[0; 16]).unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn keys_of_other_sizes_are_refused_as_the_kernel_refuses_them() {
    for (name, size) in [("cbc(aes)", 17), ("xts(aes)", 24), ("chacha20", 31), ("ecb(des)", 7)]
        .into_iter()
        .chain([("xts(serpent)", 33), ("rfc3686(ctr(aes))", 16), ("ecb(cipher_null)", 1)])
    {
        match open(name, &noise(size, 1)) {
            Err(Error::Input { fault: InputFault::Key, text }) => {
                assert!(
                    text.starts_with(&format!("key has {}, {name} needs ", bytes(size))),
                    "{text}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn weak_keys_are_taken() {
    for (name, key) in [("ecb(des)", vec![1; 8]), ("ecb(des3_ede)", vec![0; 24])]
        .into_iter()
        .chain([("xts(aes)", vec![7; 64])])
    {
        assert!(open(name, &key).is_ok(), "{name}");
    }
}

#[test]
fn messages_may_be_cut_unless_all_bytes_depend_on_all_others() {
    let continuation = |name: &str| {
        let size = *key_sizes(name).first().unwrap();
        open(name, &noise(size, 1)).unwrap().continuation()
    };
    for name in ["xts(aes)", "cts(cbc(aes))"] {
        assert_eq!(continuation(name), Continuation::Sibling(Sibling::Cts));
    }
    for name in ["essiv(cbc(aes),sha256)", "xctr(aes)", "ofb(aes)", "ecb(cipher_null)"] {
        assert!(!matches!(continuation(name), Continuation::OneRequest), "{name}");
    }
    for name in ["hctr2(aes)", "adiantum(xchacha12,aes)"] {
        assert_eq!(continuation(name), Continuation::OneRequest);
    }
}

#[test]
fn who_computes_is_said_and_whether_in_constant_time() {
    for (name, size, driver, constant) in [
        ("cbc(aes)", 16, "userspace-aes", true),
        ("chacha20", 32, "userspace-chacha20", true),
        ("xts(camellia)", 32, "userspace-camellia", false),
    ] {
        let cipher = open(name, &noise(size, 1)).unwrap();
        assert!(cipher.constraints().driver.as_ref().unwrap().starts_with(driver), "{name}");
        assert_eq!(constant_time(name), Some(constant), "{name}");
        assert_eq!(format!("{cipher:?}"), format!("UserspaceCipher({name})"));
    }
}

/// The Serpent paper's padding of short keys, which the kernel has and the crate does not.
#[test]
fn a_short_serpent_key_is_a_long_one_with_a_bit_and_zeros_behind_it() {
    for size in 0..32 {
        let short = noise(size, 4);
        let mut long = short.clone();
        long.push(1);
        long.resize(32, 0);
        let [short, long] = [short, long].map(|key| open("ecb(serpent)", &key).unwrap());
        let data = noise(16, 5);
        assert_eq!(super::encrypt(&short, b"", &data), super::encrypt(&long, b"", &data));
    }
}
