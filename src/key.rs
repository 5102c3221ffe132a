//! A key, and where it is.

use std::fmt;

use crate::span::In;

/// The serial number of a key, by which the kernel's keyrings know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial(pub i32);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a cipher is keyed with.
#[derive(Clone, Copy, Debug)]
pub enum Key<'k> {
    /// Bytes of the caller's.
    Bytes(In<'k>),
    /// A key of a kernel keyring, whose bytes nobody here has.
    InKeyring(Serial),
}

impl Key<'_> {
    /// Whether it is in a keyring.
    pub const fn is_in_keyring(self) -> bool {
        matches!(self, Self::InKeyring(_))
    }
}
