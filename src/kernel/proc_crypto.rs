//! /proc/crypto: text in, entries out. Total: any bytes give some entries, none an error.
//!
//! Records are separated by blank lines, each line is `key : value` (`c_show` in crypto/proc.c).
//! Which keys there are depends on the type and the kernel; unknown ones are passed over.

use crate::algorithm::AlgType;
use crate::constraints::Sizes;

/// One driver of one algorithm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The generic name: `cbc(aes)`.
    pub name: String,
    /// The driver's own: `cbc-aes-aesni`.
    pub driver: String,
    /// As the kernel spells it: `skcipher`, `lskcipher`, `shash`, `larval` …
    pub kind: String,
    /// The highest is taken.
    pub priority: i64,
    /// Not for AF_ALG.
    pub internal: bool,
    /// Asynchronous: not for AF_ALG from Linux 7.2 on.
    pub asynchronous: bool,
    block: Option<usize>,
    chunk: Option<usize>,
    iv: Option<usize>,
    min_key: Option<usize>,
    max_key: Option<usize>,
}

impl Entry {
    /// The AF_ALG type that serves it. `lskcipher` (Linux 6.7 and newer) is bound as a skcipher.
    pub fn alg_type(&self) -> Option<AlgType> {
        match self.kind.as_str() {
            "skcipher" | "lskcipher" => Some(AlgType::Skcipher),
            "aead" => Some(AlgType::Aead),
            "shash" | "ahash" => Some(AlgType::Hash),
            "rng" => Some(AlgType::Rng),
            _ => None,
        }
    }

    /// The sizes of a skcipher, where the record has them all.
    pub fn sizes(&self) -> Option<Sizes> {
        let (block, chunk) = (self.block?, self.chunk?);
        (block > 0 && chunk > 0).then_some(Sizes {
            block,
            chunk,
            iv: self.iv?,
            min_key: self.min_key?,
            max_key: self.max_key?,
        })
    }

    fn set(&mut self, key: &str, value: &str) {
        let size = || value.parse().ok();
        match key {
            "name" => value.clone_into(&mut self.name),
            "driver" => value.clone_into(&mut self.driver),
            "type" => value.clone_into(&mut self.kind),
            "priority" => self.priority = value.parse().unwrap_or_default(),
            "internal" => self.internal = value == "yes",
            "async" => self.asynchronous = value == "yes",
            "blocksize" => self.block = size(),
            "chunksize" => self.chunk = size(),
            "ivsize" => self.iv = size(),
            "min keysize" => self.min_key = size(),
            "max keysize" => self.max_key = size(),
            _ => {}
        }
    }
}

/// All entries that have a name.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut entry = Entry::default();
    for line in text.lines().chain([""]) {
        match line.split_once(':') {
            Some((key, value)) => entry.set(key.trim(), value.trim()),
            None if line.trim().is_empty() => {
                let whole = std::mem::take(&mut entry);
                if !whole.name.is_empty() {
                    entries.push(whole);
                }
            }
            None => {}
        }
    }
    entries
}

/// The skcipher that a bind of `name` gets: an exact driver name, else the highest priority of
/// that name. `only_sync`: Linux 7.2 and newer, which keep AF_ALG from asynchronous drivers.
pub(super) fn serving<'e>(entries: &'e [Entry], name: &str, only_sync: bool) -> Option<&'e Entry> {
    let usable = |entry: &&Entry| {
        entry.alg_type() == Some(AlgType::Skcipher)
            && !entry.internal
            && !(only_sync && entry.asynchronous)
    };
    let named = entries.iter().filter(usable).filter(|entry| entry.name == name);
    let driver = entries.iter().filter(usable).find(|entry| entry.driver == name);
    // Of equal priorities the kernel takes the first, `max_by_key` the last.
    driver.or_else(|| named.rev().max_by_key(|entry| entry.priority))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../tests/fixtures/proc_crypto/mixed.txt");

    #[test]
    fn the_highest_priority_serves() {
        let entries = parse(TEXT);
        let serving = |name, only_sync| serving(&entries, name, only_sync).map(|e| &*e.driver);
        assert_eq!(serving("cbc(aes)", false), Some("cbc-aes-aesni"));
        assert_eq!(serving("cbc(aes)", true), Some("cbc(aes-generic)"));
        assert_eq!(serving("cbc(aes-generic)", true), Some("cbc(aes-generic)"));
        assert_eq!(serving("ctr(aes)", true), Some("ctr-first"), "of equals the first");
        assert_eq!(serving("sha256", false), None);
        assert_eq!(serving("xts(aes)", false), None, "larval and internal do not serve");
    }

    #[test]
    fn sizes_are_whole_or_absent() {
        let entries = parse(TEXT);
        let sizes = serving(&entries, "cbc(aes)", false).and_then(Entry::sizes);
        assert_eq!(sizes, Some(Sizes { block: 16, chunk: 16, iv: 16, min_key: 16, max_key: 32 }));
        assert_eq!(serving(&entries, "odd(aes)", false).and_then(Entry::sizes), None);
    }

    #[test]
    fn anything_is_taken() {
        for text in ["", "\n\n", ":", "name:", "name : x", "no colon\nname : y\n\0\u{fffd}:7"] {
            assert!(parse(text).iter().all(|entry| !entry.name.is_empty()), "{text:?}");
        }
        assert_eq!(parse("name : x\npriority : many").first().map(|e| e.priority), Some(0));
    }
}
