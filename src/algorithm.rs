//! An algorithm's name, checked, and its template taken apart: `cts(cbc(aes))` is `cts` over
//! `cbc(aes)`.
//!
//! Names are compared exactly, as the kernel does: nothing here guesses by prefix.

use crate::error::{Error, InputFault, Result};

/// `sockaddr_alg`'s name ends at 128 bytes of address, one of them a NUL (`alg_bind`, all kernels).
pub const MAX_NAME: usize = 103;

/// The four types that AF_ALG binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlgType {
    /// Symmetric ciphers.
    Skcipher,
    /// Authenticated ciphers.
    Aead,
    /// Hashes, keyed and not.
    Hash,
    /// Random number generators.
    Rng,
}

impl AlgType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Skcipher, Self::Aead, Self::Hash, Self::Rng];

    /// `salg_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skcipher => "skcipher",
            Self::Aead => "aead",
            Self::Hash => "hash",
            Self::Rng => "rng",
        }
    }

    /// Names of this type of which a kernel has one if it serves the type at all. The first
    /// skcipher and the first hash are open to everyone, whatever `crypto.af_alg_restrict` says.
    pub const fn usual(self) -> &'static [&'static str] {
        match self {
            Self::Skcipher => &["xts(aes)", "cbc(aes)", "ctr(aes)", "ecb(cipher_null)"],
            Self::Aead => &["gcm(aes)", "ccm(aes)"],
            Self::Hash => &["sha1", "sha256", "md5"],
            Self::Rng => &["stdrng", "jitterentropy_rng"],
        }
    }

    /// The type with its article, for texts.
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Skcipher => "a skcipher",
            Self::Aead => "an aead",
            Self::Hash => "a hash",
            Self::Rng => "an rng",
        }
    }
}

/// A name that can be asked for: not empty, no NUL, at most [`MAX_NAME`] bytes, and not RC4.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Algorithm(String);

impl Algorithm {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty name, one with a NUL, a longer one than the kernel takes; for
    /// RC4, whose state lives in the key (on Linux 6.1 across messages and sockets), for `kw`, whose
    /// result AF_ALG does not give back whole, and for `cryptd`, whose bind has effects on others.
    pub fn new(name: &str) -> Result<Self> {
        let refuse = |text: String| Err(Error::input(InputFault::Argument, text));
        if name.is_empty() {
            return refuse("the algorithm's name is empty; give one like \"cbc(aes)\"".into());
        }
        if let Some(at) = name.find('\0') {
            return refuse(format!(
                "the algorithm's name has a NUL at position {at}; the kernel would end it there"
            ));
        }
        if name.len() > MAX_NAME {
            return refuse(format!(
                "the algorithm's name has {} bytes, AF_ALG takes at most {MAX_NAME}",
                name.len()
            ));
        }
        if name.contains("arc4") {
            return refuse(format!(
                "{name} is refused: RC4 keeps its state in the key, so that a message depends on \
                 those before it (on Linux 6.1 on those of other sockets too); use another cipher"
            ));
        }
        if name.starts_with("kw(") {
            return refuse(format!(
                "{name} is refused: it gives half of its result in the iv, which AF_ALG does not \
                 give back, so that nobody could decrypt it; use a key-wrapping library"
            ));
        }
        if name.contains("cryptd(") {
            return refuse(format!(
                "{name} is refused: binding it changes what the whole system gets under the inner \
                 name; use that name itself"
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as the kernel gets it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The outer template and its arguments, `None` for a plain name such as `chacha20`.
    pub fn template(&self) -> Option<(&str, Vec<&str>)> {
        template(&self.0)
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes a name apart: `essiv(cbc(aes),sha256)` gives `("essiv", ["cbc(aes)", "sha256"])`.
pub fn template(name: &str) -> Option<(&str, Vec<&str>)> {
    let (outer, rest) = name.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let mut arguments = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, letter) in inside.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                arguments.push(inside.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(inside.get(start..)?);
    (depth == 0 && !outer.is_empty() && arguments.iter().all(|a| !a.is_empty()))
        .then_some((outer, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_come_apart() {
        assert_eq!(template("cbc(aes)"), Some(("cbc", vec!["aes"])));
        assert_eq!(template("cts(cbc(aes))"), Some(("cts", vec!["cbc(aes)"])));
        assert_eq!(template("essiv(cbc(aes),sha256)"), Some(("essiv", vec!["cbc(aes)", "sha256"])));
        for plain in ["chacha20", "cbc(aes", "cbc)aes(", "cbc(a)(b)c", "(aes)", "cbc()", "f(a,)"] {
            assert_eq!(template(plain), None, "{plain}");
        }
        // Balanced as a whole, yet not one template: the kernel will say so.
        assert_eq!(template("f(a)g(b)"), None);
    }

    #[test]
    fn names_that_the_kernel_would_misread_are_refused() {
        for (name, part) in [("", "empty"), ("cbc(aes)\0x", "NUL at position 8")] {
            assert!(Algorithm::new(name).unwrap_err().to_string().contains(part), "{name:?}");
        }
        assert!(Algorithm::new(&"x".repeat(MAX_NAME)).is_ok());
        let long = Algorithm::new(&"x".repeat(MAX_NAME + 1)).unwrap_err();
        assert!(long.to_string().contains("104 bytes, AF_ALG takes at most 103"));
        for (name, part) in
            [("ecb(arc4)", "RC4"), ("kw(aes)", "iv"), ("cryptd(ctr(aes))", "system")]
        {
            assert!(Algorithm::new(name).unwrap_err().to_string().contains(part), "{name}");
        }
    }
}
