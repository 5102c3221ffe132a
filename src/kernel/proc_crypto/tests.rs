use AlgType::{Aead, Hash, Rng, Skcipher};

use super::*;

const MIXED: &str = include_str!("../../../tests/fixtures/proc_crypto/mixed.txt");

/// What Linux said after many algorithms had been bound: User-mode Linux of Debian, a small kernel
/// without modules, and Debian's stock kernels on a CPU with AVX2.
const REAL: [(&str, &str); 7] = [
    ("uml-6.1", include_str!("../../../tests/fixtures/proc_crypto/uml-6.1.txt")),
    ("uml-6.12", include_str!("../../../tests/fixtures/proc_crypto/uml-6.12.txt")),
    ("uml-7.2", include_str!("../../../tests/fixtures/proc_crypto/uml-7.2.txt")),
    ("small-6.18", include_str!("../../../tests/fixtures/proc_crypto/small-6.18.txt")),
    ("stock-6.1", include_str!("../../../tests/fixtures/proc_crypto/stock-6.1.txt")),
    ("stock-6.1-fips", include_str!("../../../tests/fixtures/proc_crypto/stock-6.1-fips.txt")),
    ("stock-7.3", include_str!("../../../tests/fixtures/proc_crypto/stock-7.3.txt")),
];

fn real(name: &str) -> Vec<Entry> {
    parse(REAL.iter().find(|(kernel, _)| *kernel == name).unwrap().1)
}

fn driver<'e>(entries: &'e [Entry], kind: AlgType, name: &str, only_sync: bool) -> Option<&'e str> {
    serving(entries, kind, name, only_sync).map(|entry| entry.driver.as_str())
}

#[test]
fn the_highest_priority_serves() {
    let entries = parse(MIXED);
    let driver = |kind, name, only_sync| driver(&entries, kind, name, only_sync);
    assert_eq!(driver(Skcipher, "cbc(aes)", false), Some("cbc-aes-aesni"));
    assert_eq!(driver(Skcipher, "cbc(aes)", true), Some("cbc(aes-generic)"));
    assert_eq!(driver(Skcipher, "cbc(aes-generic)", false), Some("cbc(aes-generic)"));
    assert_eq!(driver(Skcipher, "sha256", false), None);
    assert_eq!(driver(Hash, "sha256", false), Some("sha256-generic"));
    assert_eq!(driver(Skcipher, "xts(aes)", false), None, "larval and internal do not serve");
    assert_eq!(driver(Skcipher, "cbc(sm4)", false), Some("cbc-sm4-lib"), "the first of equals");
    assert_eq!(driver(Skcipher, "cbc-sm4-ce", false), None, "not self-tested");
    assert_eq!(driver(Skcipher, "cbc(paes)", true), Some("cbc-paes-s390"));
}

#[test]
fn the_drivers_of_real_kernels_are_found() {
    for (kernel, kind, name, expected) in [
        ("uml-6.1", Skcipher, "xts(aes)", "xts(ecb(aes-generic))"),
        ("uml-6.1", Rng, "stdrng", "drbg_nopr_hmac_sha512"),
        ("uml-6.12", Skcipher, "cbc(aes)", "cbc(ecb(aes-generic))"), // lskcipher
        ("uml-7.2", Aead, "gcm(aes)", "gcm_base(ctr(aes-lib),ghash-lib)"),
        ("small-6.18", Hash, "sha256", "sha256-lib"),
        ("stock-6.1", Skcipher, "cbc(aes)", "cbc-aes-aesni"),
        ("stock-6.1", Hash, "sha256", "sha256-avx2"), // of four
        ("stock-7.3", Skcipher, "xts(aes)", "xts-aes-aesni-avx"), // of three
        ("stock-7.3", Aead, "rfc4106(gcm(aes))", "rfc4106-gcm-aesni-avx"),
    ] {
        assert_eq!(driver(&real(kernel), kind, name, false), Some(expected), "{kernel} {name}");
    }
    // In FIPS mode one that fails its self-test stays listed: bind answers ELIBBAD.
    let fips = real("stock-6.1-fips");
    let failed = fips.iter().find(|entry| entry.driver == "ansi_cprng");
    assert_eq!(failed.and_then(|entry| entry.tested), Some(false));
    assert_eq!(driver(&fips, Rng, "ansi_cprng", false), None);
    // Simd wrappers say that they are asynchronous; 7.2 has none of them left.
    assert_eq!(driver(&real("stock-6.1"), Skcipher, "cbc(aes)", true), None);
}

#[test]
fn everything_that_a_real_kernel_says_is_kept() {
    for (kernel, text) in REAL {
        let records = text.trim().split("\n\n");
        let entries = parse(text);
        assert_eq!(entries.len(), records.clone().count(), "{kernel}");
        for (record, entry) in records.zip(&entries) {
            for line in record.lines() {
                let (key, value) = line.split_once(':').unwrap();
                let kept = said(entry, key.trim());
                assert_eq!(
                    kept.as_deref().unwrap_or(value.trim()),
                    value.trim(),
                    "{kernel} {line}"
                );
            }
            if entry.alg_type() == Some(Skcipher) {
                assert!(entry.sizes().is_some(), "{kernel} {record}");
            }
        }
    }
}

/// A value as the kernel writes it; `None` for keys that are passed over.
fn said(entry: &Entry, key: &str) -> Option<String> {
    let yes_or_no = |yes| if yes { "yes" } else { "no" }.to_owned();
    let number = |size: Option<usize>| Some(size.unwrap().to_string());
    match key {
        "name" => Some(entry.name.clone()),
        "driver" => Some(entry.driver.clone()),
        "module" => entry.module.clone(),
        "priority" => Some(entry.priority.unwrap().to_string()),
        "selftest" => Some(if entry.tested.unwrap() { "passed" } else { "unknown" }.to_owned()),
        "internal" => Some(yes_or_no(entry.internal)),
        "fips" => Some(yes_or_no(entry.fips.unwrap())),
        "type" => Some(entry.kind.clone()),
        "async" => Some(yes_or_no(entry.asynchronous)),
        "blocksize" => number(entry.block),
        "chunksize" => number(entry.chunk),
        "ivsize" => number(entry.iv),
        "min keysize" => number(entry.min_key),
        "max keysize" => number(entry.max_key),
        "maxauthsize" => number(entry.max_tag),
        "digestsize" => number(entry.digest),
        "seedsize" => number(entry.seed),
        "refcnt" | "walksize" | "statesize" | "geniv" => None,
        other => panic!("a key that nobody has thought of: {other}"),
    }
}

#[test]
fn sizes_are_whole_or_absent() {
    let entries = parse(MIXED);
    let sizes = |name| serving(&entries, Skcipher, name, false).and_then(Entry::sizes);
    let whole = Sizes { block: 16, chunk: 16, iv: 16, min_key: 16, max_key: 32 };
    assert_eq!(sizes("cbc(aes)"), Some(whole));
    assert_eq!(sizes("odd(aes)"), None);
}

#[test]
fn anything_is_taken() {
    for text in ["", "\n\n", ":", "name:", "name : x", "no colon\nname : y\n\0\u{fffd}:7"] {
        assert!(parse(text).iter().all(|entry| !entry.name.is_empty()), "{text:?}");
    }
    assert_eq!(parse("name : x\npriority : many").first().map(|e| e.priority), Some(None));
}
