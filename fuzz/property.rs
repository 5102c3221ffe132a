//! What holds whatever bytes /proc/crypto gives: for the fuzzer, and for the replay of what it
//! found (tests/corpus.rs).

use afalg::algorithm::{AlgType, Algorithm};
use afalg::catalogue;
use afalg::kernel::{Entry, by_name, parse_proc_crypto, serving};
use afalg::request::Direction;

/// Panics where it does not.
pub(crate) fn holds(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let entries = parse_proc_crypto(&text);
    assert!(entries.len() <= text.lines().count());
    assert!(entries.iter().all(|entry| !entry.name.is_empty()));
    records_do_not_touch_each_other(&text, &entries);
    for only_sync in [false, true] {
        the_best_serves(&entries, only_sync);
        the_catalogue_is_in_order(&entries, only_sync);
    }
}

fn records_do_not_touch_each_other(text: &str, entries: &[Entry]) {
    let known = "name : cbc(aes)\ntype : skcipher\npriority : 7";
    let more = parse_proc_crypto(&format!("{text}\n\n{known}"));
    assert_eq!(more.split_last(), Some((&parse_proc_crypto(known)[0], entries)));
}

fn the_best_serves(entries: &[Entry], only_sync: bool) {
    let all = by_name(entries, only_sync);
    for ((kind, name), best) in &all {
        assert_eq!((best.alg_type(), best.name.as_str()), (Some(*kind), *name));
        assert!(!best.internal && best.tested != Some(false));
    }
    for ((kind, name), best) in all.iter().take(2) {
        let served = serving(entries, *kind, name, only_sync).expect("it is listed");
        assert!(served.driver == *name || std::ptr::eq(served, *best));
    }
    assert_eq!(serving(entries, AlgType::Skcipher, "\n", only_sync), None, "no line holds it");
}

fn the_catalogue_is_in_order(entries: &[Entry], only_sync: bool) {
    let all = catalogue::all(entries, only_sync);
    let key = |info: &catalogue::AlgorithmInfo| (info.kind, info.algorithm.to_string());
    assert!(all.is_sorted_by(|one, other| key(one) < key(other)));
    for info in all.iter().filter(|info| info.entry.is_some()) {
        assert!(Algorithm::new(info.algorithm.as_str()).is_ok());
        let Some(rules) = &info.constraints else { continue };
        for len in [1, usize::MAX] {
            assert_eq!(rules.check_key(len).is_ok(), rules.keys.allow(len));
            assert_eq!(rules.check_iv(Some(len)).is_ok(), rules.sizes.iv == len);
            let whole = rules.check_length(Direction::Encrypt, len).is_ok();
            assert!(whole || rules.sizes.block > 1);
            assert!(rules.check_counter(Some(0), len).is_err());
        }
    }
}
