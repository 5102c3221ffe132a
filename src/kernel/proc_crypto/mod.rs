//! /proc/crypto: text in, entries out. Total: any bytes give some entries, none an error.
//!
//! Records are separated by blank lines, each line is `key : value` (`c_show` in crypto/proc.c).
//! Which keys there are depends on the type and the kernel; unknown ones are passed over.

use std::collections::BTreeMap;

use crate::algorithm::AlgType;
use crate::constraints::Sizes;

/// One driver of one algorithm. A size that the record does not have, or not as a number, is
/// `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The generic name: `cbc(aes)`.
    pub name: String,
    /// The driver's own: `cbc-aes-aesni`.
    pub driver: String,
    /// The module that it is in; `kernel` where it is built in.
    pub module: Option<String>,
    /// As the kernel spells it: `skcipher`, `lskcipher`, `shash`, `larval` …
    pub kind: String,
    /// The highest is taken.
    pub priority: Option<i64>,
    /// Whether it has passed the kernel's self-test; one that has not is bound by nobody.
    pub tested: Option<bool>,
    /// Whether FIPS mode lets it be bound; said in FIPS mode only (Linux 7.3 and newer).
    pub fips: Option<bool>,
    /// Not for AF_ALG.
    pub internal: bool,
    /// Asynchronous: not for AF_ALG from Linux 7.2 on.
    pub asynchronous: bool,
    /// `blocksize`.
    pub block: Option<usize>,
    /// `chunksize`.
    pub chunk: Option<usize>,
    /// `ivsize`.
    pub iv: Option<usize>,
    /// `min keysize`.
    pub min_key: Option<usize>,
    /// `max keysize`.
    pub max_key: Option<usize>,
    /// `maxauthsize`: the longest tag of an aead.
    pub max_tag: Option<usize>,
    /// `digestsize`.
    pub digest: Option<usize>,
    /// `seedsize`.
    pub seed: Option<usize>,
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

    /// Whether AF_ALG may bind it, and as what. `only_sync`: see [`serving`].
    fn bindable(&self, only_sync: bool) -> Option<AlgType> {
        // The one asynchronous algorithm that Linux 7.2 and newer let through (`skcipher_bind`).
        let kept = only_sync && self.asynchronous && self.name != "cbc(paes)";
        if self.internal || self.tested == Some(false) || kept { None } else { self.alg_type() }
    }

    fn set(&mut self, key: &str, value: &str) {
        let size = || value.parse().ok();
        match key {
            "name" => value.clone_into(&mut self.name),
            "driver" => value.clone_into(&mut self.driver),
            "module" => self.module = Some(value.to_owned()),
            "type" => value.clone_into(&mut self.kind),
            "priority" => self.priority = value.parse().ok(),
            "selftest" => self.tested = Some(value == "passed"),
            "fips" => self.fips = Some(value == "yes"),
            "internal" => self.internal = value == "yes",
            "async" => self.asynchronous = value == "yes",
            "blocksize" => self.block = size(),
            "chunksize" => self.chunk = size(),
            "ivsize" => self.iv = size(),
            "min keysize" => self.min_key = size(),
            "max keysize" => self.max_key = size(),
            "maxauthsize" => self.max_tag = size(),
            "digestsize" => self.digest = size(),
            "seedsize" => self.seed = size(),
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

/// For each type and name the entry that a bind of it gets: the highest priority, of equals the
/// first (`__crypto_alg_lookup`). `only_sync`: Linux 7.2 and newer, which keep AF_ALG from
/// asynchronous drivers.
pub fn by_name(entries: &[Entry], only_sync: bool) -> BTreeMap<(AlgType, &str), &Entry> {
    let mut best = BTreeMap::new();
    for entry in entries {
        let Some(kind) = entry.bindable(only_sync) else { continue };
        best.entry((kind, entry.name.as_str()))
            .and_modify(|known: &mut &Entry| {
                if entry.priority > known.priority {
                    *known = entry;
                }
            })
            .or_insert(entry);
    }
    best
}

/// The entry that a bind of `name` gets: an exact driver name, else the best of that name.
pub fn serving<'e>(
    entries: &'e [Entry],
    kind: AlgType,
    name: &str,
    only_sync: bool,
) -> Option<&'e Entry> {
    let driver = |entry: &&Entry| entry.driver == name && entry.bindable(only_sync) == Some(kind);
    entries.iter().find(driver).or_else(|| by_name(entries, only_sync).get(&(kind, name)).copied())
}

#[cfg(test)]
mod tests;
