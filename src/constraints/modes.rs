//! The table of modes: which lengths each takes and how a message goes on past one kernel request.
//!
//! Exact outer templates, never prefixes. What is not in the table is [`Continuation::OneRequest`]:
//! slow is allowed, wrong is not. Most modes restart silently at a second request (`xts`, `cts`,
//! `chacha20`, `rfc3686`, `essiv`, `xctr`, `adiantum`, `hctr2`: Linux 6.1 to 7.3), which for a
//! stream cipher repeats its keystream.

use super::Sizes;
use crate::algorithm::{AlgType, Algorithm, template};
use crate::request::Iv;

/// The lengths that a mode takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthRule {
    /// Any, none too.
    Any,
    /// Multiples of the block, none too.
    Blocks,
    /// One block or more, whole or not.
    AtLeastBlock,
}

/// How a message goes on past one kernel request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// The op socket chains the IV within a call, the library computes it between calls.
    Iv(NextIv),
    /// Only the op socket knows the IV.
    KernelIv,
    /// One request a piece; the library writes the block counter into the IV.
    Counter(Counter),
    /// The same key in a second tfm carries what goes past one request.
    Sibling(Sibling),
    /// Never cut.
    OneRequest,
}

/// What the next IV is, where the library can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextIv {
    /// There is none: ecb.
    None,
    /// The last ciphertext block: cbc, cfb.
    LastCiphertext,
    /// The counter, big-endian and as wide as the IV, plus the blocks: ctr.
    BigEndianCounter,
}

/// Where a stream cipher keeps its 32-bit block counter in the IV, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// chacha20: bytes 0 to 3 of 16 (RFC 8439), and that is all there is.
    ChaCha,
    /// xchacha: bytes 24 to 27 of 32, the low half of a 64-bit position. The kernel counts in the
    /// low half alone and wraps there, so a piece ends where it would.
    XChaCha,
}

/// Which other algorithm carries the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sibling {
    /// `cts(cbc(x))`: `cbc(x)` takes all but the last one to two blocks.
    Cts,
    /// `rfc3686(ctr(x))`: `ctr(x)` takes all, with the IV nonce, iv, counter.
    Rfc3686,
}

/// Where a block counter ends, beyond which the kernel wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A stream cipher's, by its name: it ends, however a driver may be cut.
    Of(Counter),
    /// rfc3686's, which nobody but the mode sees.
    OfRfc3686,
    /// Nowhere: there is none, or it is as wide as the IV.
    None,
}

impl LengthRule {
    pub(super) fn derive(generic: &str, sizes: Sizes) -> Self {
        match template(generic).map(|(outer, _)| outer) {
            Some("xts" | "cts" | "adiantum" | "hctr2") => Self::AtLeastBlock,
            _ if sizes.block <= 1 => Self::Any,
            _ => Self::Blocks,
        }
    }
}

impl Continuation {
    /// `AlgorithmInfo.continuation`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iv(_) => "iv",
            Self::KernelIv => "kernel-iv",
            Self::Counter(_) => "counter",
            Self::Sibling(_) => "sibling",
            Self::OneRequest => "one-request",
        }
    }

    pub(super) fn derive(generic: &str, sizes: Sizes) -> Self {
        let by_name = Self::by_name(generic).unwrap_or(Self::OneRequest);
        // A driver whose sizes are not the mode's own is not taken at its name.
        let borne_out = match by_name {
            Self::Iv(NextIv::None) => sizes.iv == 0,
            Self::Iv(_) | Self::Sibling(Sibling::Cts) => sizes.iv == sizes.chunk && sizes.iv > 1,
            Self::Counter(Counter::ChaCha) => (sizes.iv, sizes.chunk) == (16, 64),
            Self::Counter(Counter::XChaCha) => (sizes.iv, sizes.chunk) == (32, 64),
            Self::Sibling(Sibling::Rfc3686) => (sizes.iv, sizes.chunk) == (8, 16),
            Self::KernelIv | Self::OneRequest => true,
        };
        if borne_out { by_name } else { Self::OneRequest }
    }

    fn by_name(generic: &str) -> Option<Self> {
        let Some((outer, arguments)) = template(generic) else {
            return match generic {
                "chacha20" => Some(Self::Counter(Counter::ChaCha)),
                "xchacha20" | "xchacha12" => Some(Self::Counter(Counter::XChaCha)),
                _ => None,
            };
        };
        let [inner] = arguments.as_slice() else { return None };
        match (outer, template(inner)) {
            ("ecb", None) => Some(Self::Iv(NextIv::None)),
            ("cbc" | "cfb", None) => Some(Self::Iv(NextIv::LastCiphertext)),
            ("ctr", None) => Some(Self::Iv(NextIv::BigEndianCounter)),
            ("pcbc" | "lrw" | "ofb", None) => Some(Self::KernelIv),
            ("cts", Some(("cbc", _))) => Some(Self::Sibling(Sibling::Cts)),
            ("rfc3686", Some(("ctr", _))) => Some(Self::Sibling(Sibling::Rfc3686)),
            _ => None,
        }
    }
}

impl End {
    pub(super) fn derive(generic: &str, sizes: Sizes) -> Self {
        match (template(generic), Counter::by_name(generic, sizes.iv)) {
            (_, Some(counter)) => Self::Of(counter),
            (Some(("rfc3686", _)), None) => Self::OfRfc3686,
            _ => Self::None,
        }
    }
}

impl Counter {
    /// The bytes of a block.
    pub(super) const BLOCK: usize = 64;

    fn by_name(generic: &str, iv: usize) -> Option<Self> {
        match (generic, iv) {
            ("chacha20", 16) => Some(Self::ChaCha),
            ("xchacha20" | "xchacha12", 32) => Some(Self::XChaCha),
            _ => None,
        }
    }

    const fn offset(self) -> usize {
        match self {
            Self::ChaCha => 0,
            Self::XChaCha => 24,
        }
    }

    fn field(self, iv: &Iv) -> u64 {
        let width = if self == Self::ChaCha { 4 } else { 8 };
        let field = iv.bytes().get(self.offset()..self.offset() + width).unwrap_or_default();
        field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// How many blocks there are to the end of the counter.
    pub fn blocks_left(self, iv: &Iv) -> u128 {
        let end: u128 = if self == Self::ChaCha { 1 << 32 } else { 1 << 64 };
        end - u128::from(self.field(iv))
    }

    /// How many blocks one request may have: the kernel's own counter has 32 bits in both.
    pub fn blocks_to_wrap(self, iv: &Iv) -> u64 {
        (1 << 32) - (self.field(iv) & 0xffff_ffff)
    }

    /// Moves the counter on.
    pub fn advance(self, iv: &mut Iv, blocks: u64) {
        let next = self.field(iv).wrapping_add(blocks).to_le_bytes();
        let width = if self == Self::ChaCha { 4 } else { 8 };
        let at = self.offset();
        for (to, from) in iv.bytes_mut().iter_mut().skip(at).take(width).zip(next) {
            *to = from;
        }
    }
}

impl NextIv {
    /// Moves a big-endian counter on by `blocks`, around its end where need be.
    pub fn add_big_endian(iv: &mut Iv, blocks: u64) {
        let mut carry = u128::from(blocks);
        for byte in iv.bytes_mut().iter_mut().rev() {
            carry += u128::from(*byte);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
    }
}

impl Sibling {
    /// The sibling's name: `cbc(aes)` for `cts(cbc(aes))`.
    pub fn name(generic: &Algorithm) -> Option<Algorithm> {
        Algorithm::new(generic.template()?.1.first()?).ok()
    }

    /// How many leading bytes of a cts message are plain cbc: all but the last one to two blocks,
    /// of which the first is whole and the second has at least a byte.
    pub const fn before_cts_tail(len: usize, block: usize) -> usize {
        match len.checked_sub(block + 1) {
            Some(free) => free - free % block,
            None => 0,
        }
    }
}

/// The type of a well-known name that is not a skcipher.
pub fn type_by_name(name: &str) -> Option<AlgType> {
    match template(name).map_or(name, |(outer, _)| outer) {
        "gcm" | "ccm" | "rfc4106" | "rfc4309" | "rfc4543" | "rfc7539" | "rfc7539esp"
        | "authenc" | "authencesn" | "aegis128" => Some(AlgType::Aead),
        "hmac" | "cmac" | "xcbc" | "vmac" | "md4" | "md5" | "sha1" | "sha224" | "sha256"
        | "sha384" | "sha512" | "sha3-224" | "sha3-256" | "sha3-384" | "sha3-512" | "sm3"
        | "rmd160" | "wp512" | "crc32" | "crc32c" | "ghash" | "poly1305" | "blake2b-512" => {
            Some(AlgType::Hash)
        }
        "stdrng" | "jitterentropy_rng" => Some(AlgType::Rng),
        _ => None,
    }
}

/// The names that people mean most often, for suggestions.
///
/// Without those that kernels have dropped (cfb and ofb in 6.12, pcbc in 7.2).
pub const BUILT_IN_NAMES: [&str; 17] = [
    "cbc(aes)",
    "ctr(aes)",
    "ecb(aes)",
    "xts(aes)",
    "cts(cbc(aes))",
    "lrw(aes)",
    "rfc3686(ctr(aes))",
    "essiv(cbc(aes),sha256)",
    "chacha20",
    "xchacha20",
    "adiantum(xchacha12,aes)",
    "adiantum(xchacha20,aes)",
    "hctr2(aes)",
    "xctr(aes)",
    "cbc(des3_ede)",
    "ecb(des3_ede)",
    "ecb(cipher_null)",
];

/// The sizes of an algorithm whose /proc/crypto entry cannot be read.
pub(super) fn built_in_sizes(name: &str) -> Option<Sizes> {
    let (min_key, max_key) = super::KeySizes::by_name(name)?.bounds();
    let sizes = |block, chunk, iv| Some(Sizes { block, chunk, iv, min_key, max_key });
    let Some((outer, arguments)) = template(name) else {
        return match name {
            "chacha20" => sizes(1, 64, 16),
            "xchacha20" | "xchacha12" => sizes(1, 64, 32),
            _ => None,
        };
    };
    let inner = *arguments.first()?;
    let innermost = template(inner).and_then(|(_, inside)| inside.first().copied());
    let block = cipher_block(innermost.unwrap_or(inner));
    match outer {
        "ecb" => sizes(block?, block?, 0),
        "cbc" | "pcbc" | "cts" | "essiv" => sizes(block?, block?, block?),
        "ctr" | "cfb" | "ofb" | "xctr" => sizes(1, block?, block?),
        "xts" | "lrw" => sizes(16, 16, 16),
        "rfc3686" => sizes(1, 16, 8),
        "adiantum" | "hctr2" => sizes(16, 16, 32),
        _ => None,
    }
}

/// Whether a name is a block cipher's, which takes a mode around it.
pub fn is_block_cipher(name: &str) -> bool {
    name != "cipher_null" && cipher_block(name).is_some()
}

fn cipher_block(cipher: &str) -> Option<usize> {
    match cipher {
        "aes" | "camellia" | "serpent" | "twofish" | "cast6" | "sm4" | "aria" | "seed"
        | "anubis" => Some(16),
        "des" | "des3_ede" | "blowfish" | "cast5" | "khazad" | "tea" | "xtea" => Some(8),
        "cipher_null" => Some(1),
        _ => None,
    }
}
