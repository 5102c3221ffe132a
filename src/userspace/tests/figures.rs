//! Published test vectors, of `python/afalg/verify/figures/`.

use super::{decrypt, encrypt, open};
use crate::figures;
use crate::userspace::CIPHERS;
use crate::userspace::modes::Named;
use crate::userspace::names;

#[test]
fn every_published_figure_comes_out() {
    for (number, figure) in figures::all().enumerate() {
        let what = format!("figure {} of {}", number + 1, figure.algorithm);
        let cipher = open(figure.algorithm, &figure.key).unwrap();
        assert_eq!(encrypt(&cipher, &figure.iv, &figure.plain), figure.cipher, "{what}");
        assert_eq!(decrypt(&cipher, &figure.iv, &figure.cipher), figure.plain, "{what}");
    }
}

/// pcbc has none: nobody published one over a cipher of today. `definitions.rs` has it.
#[test]
fn every_cipher_and_every_mode_has_a_figure() {
    let known = |name: &String| figures::of(name).is_some();
    for cipher in CIPHERS.iter().map(|cipher| format!("ecb({})", cipher.name)) {
        assert!(known(&cipher), "{cipher}");
    }
    let over_aes = names().filter(|name| name.contains("aes") && name != "pcbc(aes)");
    let alone = Named::all().filter(|name| matches!(name, Named::Alone(_))).map(Named::name);
    for name in over_aes.chain(alone.filter(|name| name != "ecb(cipher_null)")) {
        assert!(known(&name), "{name}");
    }
}
