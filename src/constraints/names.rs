//! What is wrong with a name that nobody has.

use super::modes::{BUILT_IN_NAMES, is_block_cipher, type_by_name};
use crate::algorithm::AlgType;

/// The text for a name of another type than was asked for.
pub fn of_another_type(name: &str, other: AlgType, asked: AlgType) -> String {
    format!(
        "{name} is {}, not {}; this package serves skciphers",
        other.with_article(),
        asked.with_article()
    )
}

/// The text for a block cipher that has no mode around it.
pub fn without_mode(cipher: &str) -> String {
    format!(
        "{cipher} is a block cipher without a mode; name one: cbc({cipher}), ctr({cipher}), \
         ecb({cipher})"
    )
}

/// What is wrong with a skcipher's name by itself, whoever was asked for it.
pub fn mistaken(name: &str) -> Option<String> {
    match type_by_name(name) {
        Some(other) if other != AlgType::Skcipher => {
            Some(of_another_type(name, other, AlgType::Skcipher))
        }
        _ => is_block_cipher(name).then(|| without_mode(name)),
    }
}

/// The name that was meant: the same words in another order (`aes-256-cbc`), some of its words
/// (`xts`), else the nearest; of the well-known ones first, then of those that somebody has.
pub fn suggestion<'a>(name: &str, had: &[&'a str]) -> Option<&'a str> {
    let others =
        || BUILT_IN_NAMES.into_iter().chain(had.iter().copied()).filter(|other| *other != name);
    let lower = name.to_ascii_lowercase();
    let asked = words(&lower);
    let reordered = || others().find(|other| words(other) == asked);
    let shortened = || {
        let holds = |other: &str| asked.iter().all(|word| words(other).contains(word));
        others().find(|other| !asked.is_empty() && holds(other))
    };
    let misspelt = || {
        let likeness = |other| strsim::normalized_damerau_levenshtein(&lower, other);
        let likely = others().filter(|other| likeness(other) > 0.6);
        likely.rev().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
    };
    reordered().or_else(shortened).or_else(misspelt)
}

/// A name's words in order, without key sizes.
fn words(name: &str) -> Vec<&str> {
    let mut words: Vec<_> = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested_by_their_words_and_by_likeness() {
        for (name, meant) in [
            ("aes-256-cbc", Some("cbc(aes)")),
            ("AES-CTR", Some("ctr(aes)")),
            ("cbc(AES)", Some("cbc(aes)")),
            ("cbc(ase)", Some("cbc(aes)")),
            ("xchacha", Some("xchacha20")),
            ("xts", Some("xts(aes)")),
            ("cbc(des3)", Some("cbc(des3_ede)")),
            ("camellia-xts", Some("xts(camellia)")),
            ("no such thing at all", None),
        ] {
            assert_eq!(suggestion(name, &["xts(camellia)", "xchacha12"]), meant, "{name}");
        }
    }

    #[test]
    fn what_a_name_is_instead_is_told() {
        let gcm = "gcm(aes) is an aead, not a skcipher; this package serves skciphers";
        assert_eq!(mistaken("gcm(aes)").as_deref(), Some(gcm));
        assert!(
            mistaken("blowfish").unwrap().ends_with("cbc(blowfish), ctr(blowfish), ecb(blowfish)")
        );
        assert_eq!(mistaken("cbc(aes)"), None);
    }
}
