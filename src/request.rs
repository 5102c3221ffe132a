//! What is asked of a provider: one direction, one IV, one input, one output.

use std::fmt;

use zeroize::zeroize_bytes;

use crate::error::Errno;
use crate::span::{In, Out};

/// `ALG_SET_OP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `ALG_OP_ENCRYPT`.
    Encrypt,
    /// `ALG_OP_DECRYPT`.
    Decrypt,
}

/// The largest IV that the kernel's skciphers have: xchacha20, adiantum, hctr2.
pub const MAX_IV: usize = 32;

/// An initialisation vector of at most [`MAX_IV`] bytes, wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Iv {
    bytes: [u8; MAX_IV],
    len: usize,
}

impl Iv {
    /// The IV of ciphers that have none.
    pub const EMPTY: Self = Self { bytes: [0; MAX_IV], len: 0 };

    /// So many zeros, of [`MAX_IV`] at most.
    pub const fn zeros(len: usize) -> Self {
        Self { bytes: [0; MAX_IV], len: if len < MAX_IV { len } else { MAX_IV } }
    }

    /// A copy of a caller's bytes; `None` where there are more than [`MAX_IV`].
    pub fn copy_of(bytes: In<'_>) -> Option<Self> {
        let mut iv = Self { bytes: [0; MAX_IV], len: bytes.len() };
        bytes.copy_to(iv.bytes.get_mut(..bytes.len())?);
        Some(iv)
    }

    /// Becomes a copy of a caller's bytes, of [`MAX_IV`] at most, where it is.
    pub fn fill_from(&mut self, bytes: In<'_>) {
        let bytes = bytes.split_at(MAX_IV).0;
        self.len = bytes.len();
        bytes.copy_to(self.bytes.split_at_mut(self.len).0);
    }

    /// Several parts behind each other; `None` where there are more than [`MAX_IV`] bytes.
    pub fn joined(parts: &[&[u8]]) -> Option<Self> {
        let mut iv = Self::EMPTY;
        for part in parts {
            iv.bytes.get_mut(iv.len..iv.len + part.len())?.copy_from_slice(part);
            iv.len += part.len();
        }
        Some(iv)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The bytes, to be changed in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }
}

impl Drop for Iv {
    fn drop(&mut self) {
        zeroize_bytes(&mut self.bytes); // at once: volatile writes go byte by byte
    }
}

impl fmt::Debug for Iv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iv({} bytes)", self.len)
    }
}

/// One message, or one part of it.
#[derive(Debug)]
pub struct Request<'a> {
    /// Encrypt or decrypt.
    pub direction: Direction,
    /// The IV, of the algorithm's size.
    pub iv: &'a Iv,
    /// What goes in.
    pub input: In<'a>,
    /// Where the result goes: as long as the input, apart from it or in its place.
    pub output: Out<'a>,
}

/// One of many requests in one direction that have nothing to do with each other.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// Its place among them.
    pub index: usize,
    /// Its IV.
    pub iv: Iv,
    /// What goes in.
    pub input: In<'a>,
    /// Where the result goes: as long as the input, apart from it or in its place.
    pub output: Out<'a>,
    /// What has become of it.
    pub fate: Fate,
}

/// What has become of one request of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing yet: its output is as it was.
    Waiting,
    /// All of its result is there.
    Done,
    /// Its receive gave this, and not all of the result: nobody knows what is in its output.
    Spoiled(Result<usize, Errno>),
}

impl Fate {
    /// That of `len` bytes whose send and receive answered so, in a chain; `None`: nothing at all.
    pub fn of(
        sent: Option<Result<usize, Errno>>,
        received: Option<Result<usize, Errno>>,
        len: usize,
    ) -> Self {
        match received {
            Some(Ok(count)) if count == len && sent == Some(Ok(len)) => Self::Done,
            None | Some(Err(Errno::CANCELED)) => Self::Waiting,
            Some(answer) => Self::Spoiled(answer),
        }
    }
}

/// Asked when a system call is interrupted and now and then in long work; `true` ends the work.
pub type Hook<'a> = dyn FnMut() -> bool + 'a;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fate_is_judged_by_both_counts() {
        let (whole, short, none) = (Some(Ok(16)), Some(Ok(5)), None);
        let (canceled, refused) = (Some(Err(Errno::CANCELED)), Some(Err(Errno(5))));
        for (sent, received, fate) in [
            (whole, whole, Fate::Done),
            (short, whole, Fate::Spoiled(Ok(16))), // the rest is of some other message
            (whole, short, Fate::Spoiled(Ok(5))),
            (short, short, Fate::Spoiled(Ok(5))),
            (whole, Some(Ok(0)), Fate::Spoiled(Ok(0))),
            (whole, Some(Ok(17)), Fate::Spoiled(Ok(17))),
            (whole, refused, Fate::Spoiled(Err(Errno(5)))),
            (refused, canceled, Fate::Waiting),
            (canceled, canceled, Fate::Waiting),
            (whole, canceled, Fate::Waiting),
            (none, none, Fate::Waiting), // the chain was not taken so far
            (whole, none, Fate::Waiting),
            (none, whole, Fate::Spoiled(Ok(16))),
        ] {
            assert_eq!(Fate::of(sent, received, 16), fate, "{sent:?} {received:?}");
        }
    }

    #[test]
    fn an_iv_knows_its_size_and_hides_its_bytes() {
        let iv = Iv::copy_of(In::from_slice(&[7; 16])).unwrap();
        assert_eq!(iv.bytes(), [7; 16]);
        assert_eq!(format!("{iv:?}"), "Iv(16 bytes)");
        assert!(Iv::copy_of(In::from_slice(&[0; MAX_IV + 1])).is_none());
        assert_eq!(Iv::joined(&[b"ab", b"", b"c"]).unwrap().bytes(), b"abc");
        assert!(Iv::joined(&[&[0; MAX_IV], b"c"]).is_none());
    }
}
