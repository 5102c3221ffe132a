//! The modes of operation, one file each, and the table of their names.

mod adiantum;
mod cbc;
mod cfb;
mod chacha;
mod ctr;
mod cts;
mod ecb;
mod essiv;
mod hctr2;
mod lrw;
mod nh;
mod ofb;
mod pcbc;
mod rfc3686;
mod wide;
mod xctr;
mod xts;

use chacha20::{R12, R20};

use self::adiantum::Adiantum;
use self::cbc::Cbc;
use self::cfb::Cfb;
use self::chacha::{ChaCha, XChaCha};
use self::ctr::Ctr;
use self::cts::Cts;
use self::ecb::{Ecb, Null};
use self::essiv::Essiv;
use self::hctr2::Hctr2;
use self::lrw::Lrw;
use self::ofb::Ofb;
use self::pcbc::Pcbc;
use self::rfc3686::Rfc3686;
use self::xctr::Xctr;
use self::xts::Xts;
use super::block::{CIPHERS, Cipher};
use super::pace::Pace;
use super::scratch::{Scratch, copy};
use crate::error::Result;
use crate::request::{Direction, Iv, Request};
use crate::span::{In, Out};

/// A mode that a message may be cut in. The place in a message is an IV and nothing else.
pub(super) trait Mode: Send + Sync {
    /// The IV of a message as the mode moves it on.
    fn begin(&self, iv: &Iv) -> Iv {
        iv.clone()
    }

    /// Works on as much of a part, from its beginning, as goes straight from input to output, moves
    /// the IV on and gives how much.
    fn straight(&self, _: Direction, _: &mut Iv, _: In<'_>, _: Out<'_>) -> usize {
        0
    }

    /// How much of the end of a message, whose last part has `len` bytes, is for `finish` alone.
    fn tail(&self, _: usize) -> usize {
        0
    }

    /// Works on a part of a message, whole chunks of it and at most
    /// [`ROOM`](super::scratch::ROOM) bytes, and moves the IV on. What is in `spare` is of no use
    /// to anybody.
    fn crypt(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>);

    /// Works on the last part, which need not be whole chunks and has the whole [`tail`](Self::tail).
    fn finish(&self, direction: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        self.crypt(direction, iv, data, spare);
    }
}

/// A mode in which every byte of a message depends on all others: never cut.
pub(super) trait WideBlock: Send + Sync {
    /// Works on a whole message of one block or more.
    fn crypt(&self, request: Request<'_>, pace: &mut Pace<'_, '_>) -> Result<()>;
}

/// A mode with its key.
pub(super) enum Keyed {
    Parts(Box<dyn Mode>),
    Whole(Box<dyn WideBlock>),
}

/// A mode over a block cipher: what its name has around the cipher's, which ones it takes, and
/// how it takes a key (`None` where it is not one).
pub(super) struct Template {
    before: &'static str,
    after: &'static str,
    takes: fn(&Cipher) -> bool,
    with_key: fn(&Cipher, &[u8]) -> Option<Keyed>,
}

/// A cipher that stands by itself.
pub(super) struct Alone {
    name: &'static str,
    with_key: fn(&[u8]) -> Option<Keyed>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Over(&'static Template, &'static Cipher),
    Alone(&'static Alone),
}

static TEMPLATES: [Template; 15] = [
    over("ecb(", ")", every, |cipher, key| Some(parts(Ecb(cipher.with_key(key)?)))),
    over("cbc(", ")", every, |cipher, key| Some(parts(Cbc(cipher.with_key(key)?)))),
    over("ctr(", ")", every, |cipher, key| Some(parts(Ctr(cipher.with_key(key)?)))),
    over("xts(", ")", wide, |cipher, key| Xts::with_key(cipher, key).map(parts)),
    over("cts(cbc(", "))", every, |cipher, key| Some(parts(Cts(Cbc(cipher.with_key(key)?))))),
    over("pcbc(", ")", every, |cipher, key| Some(parts(Pcbc(cipher.with_key(key)?)))),
    over("cfb(", ")", every, |cipher, key| Some(parts(Cfb(cipher.with_key(key)?)))),
    over("ofb(", ")", every, |cipher, key| Some(parts(Ofb(cipher.with_key(key)?)))),
    over("lrw(", ")", wide, |cipher, key| Lrw::with_key(cipher, key).map(parts)),
    over("rfc3686(ctr(", "))", wide, |cipher, key| Rfc3686::with_key(cipher, key).map(parts)),
    over("essiv(cbc(", "),sha256)", long, |cipher, key| Essiv::with_key(cipher, key).map(parts)),
    over("xctr(", ")", wide, |cipher, key| Some(parts(Xctr(cipher.with_key(key)?)))),
    over("hctr2(", ")", wide, |cipher, key| Hctr2::with_key(cipher, key).map(whole)),
    over("adiantum(xchacha12,", ")", wide_and_long, |cipher, key| {
        Adiantum::<R12>::with_key(cipher, key).map(whole)
    }),
    over("adiantum(xchacha20,", ")", wide_and_long, |cipher, key| {
        Adiantum::<R20>::with_key(cipher, key).map(whole)
    }),
];

static ALONE: [Alone; 4] = [
    Alone { name: "chacha20", with_key: |key| ChaCha::<R20>::with_key(key).map(parts) },
    Alone { name: "xchacha20", with_key: |key| XChaCha::<R20>::with_key(key).map(parts) },
    Alone { name: "xchacha12", with_key: |key| XChaCha::<R12>::with_key(key).map(parts) },
    Alone { name: "ecb(cipher_null)", with_key: |_| Some(parts(Null)) },
];

const fn over(
    before: &'static str,
    after: &'static str,
    takes: fn(&Cipher) -> bool,
    with_key: fn(&Cipher, &[u8]) -> Option<Keyed>,
) -> Template {
    Template { before, after, takes, with_key }
}

fn parts(mode: impl Mode + 'static) -> Keyed {
    Keyed::Parts(Box::new(mode))
}

fn whole(mode: impl WideBlock + 'static) -> Keyed {
    Keyed::Whole(Box::new(mode))
}

fn every(_: &Cipher) -> bool {
    true
}

fn wide(cipher: &Cipher) -> bool {
    cipher.block == 16
}

fn long(cipher: &Cipher) -> bool {
    cipher.max_key >= 32
}

fn wide_and_long(cipher: &Cipher) -> bool {
    wide(cipher) && long(cipher)
}

impl Named {
    /// Every name.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let over = TEMPLATES.iter().flat_map(|template| {
            let ciphers = CIPHERS.iter().filter(|cipher| (template.takes)(cipher));
            ciphers.map(move |cipher| Self::Over(template, cipher))
        });
        ALONE.iter().map(Self::Alone).chain(over)
    }

    /// What `name` stands for.
    pub(super) fn find(name: &str) -> Option<Self> {
        let alone = ALONE.iter().find(|alone| alone.name == name).map(Self::Alone);
        alone.or_else(|| {
            TEMPLATES.iter().find_map(|template| {
                let inner = name.strip_prefix(template.before)?.strip_suffix(template.after)?;
                let cipher = CIPHERS.iter().find(|cipher| cipher.name == inner)?;
                (template.takes)(cipher).then_some(Self::Over(template, cipher))
            })
        })
    }

    /// The name.
    pub(super) fn name(self) -> String {
        match self {
            Self::Over(template, cipher) => [template.before, cipher.name, template.after].concat(),
            Self::Alone(alone) => alone.name.to_owned(),
        }
    }

    /// Who computes: `userspace-aes-hardware`, `userspace-camellia`, `userspace-chacha20`.
    pub(super) fn driver(self) -> String {
        let cipher = match self {
            Self::Over(_, cipher) => cipher.name,
            Self::Alone(alone) => alone.name,
        };
        let hardware = cipher == "aes" && aes::hardware_accelerated();
        ["userspace-", cipher, if hardware { "-hardware" } else { "" }].concat()
    }

    /// Takes a key; `None` where it is not one.
    pub(super) fn with_key(self, key: &[u8]) -> Option<Keyed> {
        match self {
            Self::Over(template, cipher) => (template.with_key)(cipher, key),
            Self::Alone(alone) => (alone.with_key)(key),
        }
    }

    /// Whether neither time nor memory accesses depend on key or data.
    pub(super) fn constant_time(self) -> bool {
        match self {
            Self::Over(_, cipher) => cipher.constant_time,
            Self::Alone(_) => true,
        }
    }
}

/// The last block becomes the IV; where there is none, it stays.
fn keep_last(iv: &mut Iv, cipher: &[u8]) {
    if let Some(last) = cipher.chunks_exact(iv.bytes().len()).next_back() {
        copy(iv.bytes_mut(), last);
    }
}

/// Up to 16 bytes as a block, zeros behind them.
fn block(bytes: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    copy(&mut block, bytes);
    block
}

/// Times x in the field of 2^128 elements modulo x^128 + x^7 + x^2 + x + 1.
fn times_x(element: u128) -> u128 {
    element << 1 ^ (element >> 127).wrapping_neg() & 0x87
}
