//! Published figures: what the standards and papers say must come out. Their sources stand above
//! them, in files that the Python package carries, for `afalg verify` asks all of them.
//!
//! The kernel's drivers are held to one of them before they are trusted
//! (`kernel/known_answer.rs`), the userspace ciphers to all of them in their tests.

const FILES: [&str; 4] = [
    include_str!("../../python/afalg/verify/figures/block_ciphers.txt"),
    include_str!("../../python/afalg/verify/figures/modes.txt"),
    include_str!("../../python/afalg/verify/figures/streams.txt"),
    include_str!("../../python/afalg/verify/figures/wide.txt"),
];

/// A message whose result was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// The algorithm, by the kernel's name.
    pub algorithm: &'static str,
    /// The key, in the kernel's layout.
    pub key: Vec<u8>,
    /// The IV, in the kernel's layout; empty where there is none.
    pub iv: Vec<u8>,
    /// The message.
    pub plain: Vec<u8>,
    /// What it is encrypted.
    pub cipher: Vec<u8>,
}

/// Every figure.
pub fn all() -> impl Iterator<Item = Figure> {
    FILES.into_iter().flat_map(parse)
}

/// The longest message that was published for an algorithm.
pub fn of(algorithm: &str) -> Option<Figure> {
    all().filter(|figure| figure.algorithm == algorithm).max_by_key(|figure| figure.plain.len())
}

/// A name at the start of a line, then fields with hexadecimal digits over one or more lines.
fn parse(text: &'static str) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    let mut field = "";
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if !line.starts_with(' ') {
            figures.push(Figure { algorithm: line, ..Figure::default() });
            continue;
        }
        let Some(figure) = figures.last_mut() else { continue };
        let digits = match line.split_whitespace().collect::<Vec<_>>()[..] {
            [name, digits] => {
                field = name;
                digits
            }
            [digits] => digits,
            _ => continue,
        };
        figure.field(field).extend(bytes(digits));
    }
    figures
}

impl Figure {
    fn field(&mut self, name: &str) -> &mut Vec<u8> {
        match name {
            "key" => &mut self.key,
            "iv" => &mut self.iv,
            "plain" => &mut self.plain,
            _ => &mut self.cipher,
        }
    }
}

fn bytes(digits: &str) -> impl Iterator<Item = u8> {
    let digit = |letter| char::to_digit(letter, 16).and_then(|digit| u8::try_from(digit).ok());
    let mut digits = digits.chars().map(move |letter| digit(letter).unwrap_or_default());
    std::iter::from_fn(move || Some(digits.next()? << 4 | digits.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_hold_what_they_should_and_nothing_else() {
        let figures: Vec<_> = all().collect();
        assert_eq!(figures.len(), 131);
        for figure in figures {
            assert!(!figure.plain.is_empty(), "{figure:?}");
            assert_eq!(figure.plain.len(), figure.cipher.len(), "{figure:?}");
        }
        for line in FILES.into_iter().flat_map(str::lines).filter(|line| line.starts_with(' ')) {
            let words: Vec<_> = line.split_whitespace().collect();
            let (digits, name) = words.split_last().unwrap();
            assert!(digits.len() % 2 == 0 && digits.chars().all(|digit| digit.is_ascii_hexdigit()));
            assert!(matches!(name, [] | ["key" | "iv" | "plain" | "cipher"]), "{line}");
        }
    }

    #[test]
    fn the_longest_is_taken() {
        assert_eq!(of("cbc(aes)").unwrap().plain.len(), 64);
        assert_eq!(of("cbc(no such)"), None);
    }
}
