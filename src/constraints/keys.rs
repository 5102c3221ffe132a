//! The key sizes of an algorithm: the kernel's minimum and maximum, and within them what the
//! cipher really takes (aes: 16, 24, 32, though /proc/crypto says 16 to 32).

use std::fmt;

use super::Sizes;
use crate::algorithm::template;

/// Key sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySizes {
    /// Exactly these.
    Of(Vec<usize>),
    /// All from one to the other.
    Between(usize, usize),
}

impl KeySizes {
    /// The sizes that the name implies where the kernel's bounds bear them out, else the bounds:
    /// drivers exist whose keys are opaque blobs of sizes of their own.
    pub(super) fn derive(generic: &str, sizes: Sizes) -> Self {
        let (min, max) = (sizes.min_key, sizes.max_key);
        match Self::by_name(generic) {
            Some(Self::Of(list)) if list.first() == Some(&min) && list.last() == Some(&max) => {
                Self::Of(list)
            }
            _ => Self::Between(min, max),
        }
    }

    /// What the name implies: the cipher's sizes, as its template uses them.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let Some((outer, arguments)) = template(name) else { return Self::of_cipher(name) };
        let inner = Self::by_name(arguments.first()?);
        match outer {
            "ecb" | "cbc" | "ctr" | "pcbc" | "cfb" | "ofb" | "cts" | "xctr" | "hctr2" | "essiv" => {
                inner
            }
            "xts" => Some(inner?.map(|size| 2 * size)), // two keys
            "lrw" => Some(inner?.map(|size| size + 16)), // and the tweak key
            "rfc3686" => Some(inner?.map(|size| size + 4)), // and the nonce
            "adiantum" => Some(Self::Of(vec![32])),
            _ => None,
        }
    }

    fn of_cipher(name: &str) -> Option<Self> {
        Some(match name {
            "aes" | "camellia" | "twofish" | "aria" => Self::Of(vec![16, 24, 32]),
            "chacha20" | "xchacha20" | "xchacha12" => Self::Of(vec![32]),
            "cast6" => Self::Of(vec![16, 20, 24, 28, 32]),
            "anubis" => Self::Of(vec![16, 20, 24, 28, 32, 36, 40]),
            "sm4" | "seed" | "khazad" | "tea" | "xtea" => Self::Of(vec![16]),
            "des" => Self::Of(vec![8]),
            "des3_ede" => Self::Of(vec![24]),
            "serpent" => Self::Between(0, 32),
            "cast5" => Self::Between(5, 16),
            "blowfish" => Self::Between(4, 56),
            "cipher_null" => Self::Of(vec![0]),
            _ => return None,
        })
    }

    fn map(self, change: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Of(list) => Self::Of(list.into_iter().map(change).collect()),
            Self::Between(min, max) => Self::Between(change(min), change(max)),
        }
    }

    /// Whether a key of `len` bytes is taken.
    pub fn allow(&self, len: usize) -> bool {
        match self {
            Self::Of(list) => list.contains(&len),
            Self::Between(min, max) => (*min..=*max).contains(&len),
        }
    }

    /// The smallest and the largest.
    pub fn bounds(&self) -> (usize, usize) {
        match self {
            Self::Of(list) => (
                list.first().copied().unwrap_or_default(),
                list.last().copied().unwrap_or_default(),
            ),
            Self::Between(min, max) => (*min, *max),
        }
    }
}

impl fmt::Display for KeySizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(sizes) if sizes == &[0] => f.write_str("none (0 bytes)"),
            Self::Of(sizes) => match sizes.split_last() {
                Some((last, [])) => write!(f, "{last}"),
                Some((last, rest)) => {
                    let rest: Vec<_> = rest.iter().map(ToString::to_string).collect();
                    write!(f, "{} or {last}", rest.join(", "))
                }
                None => f.write_str("none"),
            },
            Self::Between(min, max) if min == max => write!(f, "{min}"),
            Self::Between(min, max) => write!(f, "{min} to {max}"),
        }
    }
}
