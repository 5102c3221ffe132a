//! Published test vectors, in `figures/`: their sources stand above them.

use super::{decrypt, encrypt, open};
use crate::userspace::CIPHERS;
use crate::userspace::modes::Named;
use crate::userspace::names;

const FILES: [(&str, &str); 4] = [
    ("block_ciphers.txt", include_str!("figures/block_ciphers.txt")),
    ("modes.txt", include_str!("figures/modes.txt")),
    ("streams.txt", include_str!("figures/streams.txt")),
    ("wide.txt", include_str!("figures/wide.txt")),
];

/// A name at the start of a line, then fields with hexadecimal digits over one or more lines.
#[derive(Default)]
struct Figure {
    name: String,
    fields: Vec<(String, Vec<u8>)>,
}

impl Figure {
    fn field(&self, name: &str) -> &[u8] {
        self.fields.iter().find(|(field, _)| field == name).map_or(&[], |(_, bytes)| bytes)
    }
}

fn parse(text: &str) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if !line.starts_with(' ') {
            figures.push(Figure { name: line.to_owned(), ..Figure::default() });
            continue;
        }
        let figure = figures.last_mut().unwrap();
        let digits = match line.split_whitespace().collect::<Vec<_>>()[..] {
            [field, digits] => {
                figure.fields.push((field.to_owned(), Vec::new()));
                digits
            }
            [digits] => digits,
            _ => panic!("{line:?}"),
        };
        figure.fields.last_mut().unwrap().1.extend(hex(digits));
    }
    figures
}

fn hex(digits: &str) -> impl Iterator<Item = u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
}

#[test]
fn every_published_figure_comes_out() {
    for (file, text) in FILES {
        let figures = parse(text);
        assert!(figures.len() > 10, "{file}");
        for (number, figure) in figures.iter().enumerate() {
            let what = format!("{file}: figure {} of {}", number + 1, figure.name);
            let cipher = open(&figure.name, figure.field("key")).unwrap();
            let (iv, plain) = (figure.field("iv"), figure.field("plain"));
            assert!(!plain.is_empty(), "{what}");
            assert_eq!(encrypt(&cipher, iv, plain), figure.field("cipher"), "{what}");
            assert_eq!(decrypt(&cipher, iv, figure.field("cipher")), plain, "{what}");
        }
    }
}

/// pcbc has none: nobody published one over a cipher of today. `definitions.rs` has it.
#[test]
fn every_cipher_and_every_mode_has_a_figure() {
    let known: Vec<_> = FILES.iter().flat_map(|(_, text)| parse(text)).map(|f| f.name).collect();
    let known = |name: &String| known.contains(name);
    for cipher in CIPHERS.iter().map(|cipher| format!("ecb({})", cipher.name)) {
        assert!(known(&cipher), "{cipher}");
    }
    let over_aes = names().filter(|name| name.contains("aes") && name != "pcbc(aes)");
    let alone = Named::all().filter(|name| matches!(name, Named::Alone(_))).map(Named::name);
    for name in over_aes.chain(alone.filter(|name| name != "ecb(cipher_null)")) {
        assert!(known(&name), "{name}");
    }
}
