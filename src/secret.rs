//! Bytes that are wiped before their memory goes back: no `Debug` that shows them, no `Clone`.

use std::fmt;

use zeroize::Zeroize;

use crate::constraints::bytes;
use crate::error::{Error, Result};
use crate::span::{In, Out};

/// Owned bytes, wiped on drop and before every move to larger memory.
#[derive(Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// `len` zero bytes.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn zeroed(len: usize) -> Result<Self> {
        let mut secret = Self::default();
        secret.extend_to(len)?;
        Ok(secret)
    }

    /// A copy of a caller's bytes.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn copy_of(bytes: In<'_>) -> Result<Self> {
        let mut secret = Self::default();
        secret.append(bytes)?;
        Ok(secret)
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes, to be read.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be changed in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The bytes, to be read by the kernel.
    pub fn as_in(&self) -> In<'_> {
        In::from_slice(&self.0)
    }

    /// The bytes, to be written.
    pub fn as_out(&mut self) -> Out<'_> {
        Out::from_slice(&mut self.0)
    }

    /// Makes room for `len` bytes in all, so that what fills it cannot fail. The bytes stay as they
    /// are, whatever comes of it.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn reserve(&mut self, len: usize) -> Result<()> {
        if len <= self.0.capacity() {
            return Ok(());
        }
        // `Vec` would end the process where there is no memory, and where there is, move the bytes
        // and free the old memory as it is.
        let mut larger = Vec::new();
        larger.try_reserve_exact(len.max(self.0.len() * 2)).map_err(|_| no_memory(len))?;
        larger.extend_from_slice(&self.0);
        self.0.zeroize();
        self.0 = larger;
        Ok(())
    }

    /// Puts zero bytes behind those that are there, up to `len` bytes in all.
    ///
    /// # Errors
    /// [`Error::Memory`]; the bytes are as they were.
    pub fn extend_to(&mut self, len: usize) -> Result<()> {
        self.reserve(len)?;
        self.0.resize(len.max(self.0.len()), 0);
        Ok(())
    }

    /// Puts a caller's bytes behind those that are there.
    ///
    /// # Errors
    /// [`Error::Memory`]; the bytes are as they were.
    pub fn append(&mut self, bytes: In<'_>) -> Result<()> {
        let old = self.0.len();
        self.extend_to(old.saturating_add(bytes.len()))?;
        if let Some(tail) = self.0.get_mut(old..) {
            bytes.copy_to(tail);
        }
        Ok(())
    }

    /// Drops the first `count` bytes; what is left moves to the front, its old place is wiped.
    pub fn drop_front(&mut self, count: usize) {
        let count = count.min(self.0.len());
        self.0.copy_within(count.., 0);
        self.truncate(self.0.len() - count);
    }

    /// Wipes and drops everything beyond `len`.
    pub fn truncate(&mut self, len: usize) {
        if let Some(tail) = self.0.get_mut(len..) {
            tail.zeroize();
        }
        self.0.truncate(len);
    }
}

fn no_memory(len: usize) -> Error {
    Error::Memory {
        text: format!(
            "there is no memory to keep {} for a while; free some, or pass less at once",
            bytes(len)
        ),
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_in_behind_and_out_in_front() {
        let mut secret = Secret::default();
        secret.append(In::from_slice(b"abc")).unwrap();
        secret.append(In::from_slice(b"defgh")).unwrap();
        assert_eq!(secret.bytes(), b"abcdefgh");
        secret.drop_front(5);
        assert_eq!(secret.bytes(), b"fgh");
        secret.drop_front(9);
        assert!(secret.is_empty());
    }

    #[test]
    fn what_is_dropped_is_wiped_in_place() {
        let mut secret = Secret::default();
        secret.append(In::from_slice(b"abcdef")).unwrap();
        secret.drop_front(4);
        secret.0.resize(6, 1); // no new memory: the bytes behind the end come back as they are
        assert_eq!(secret.bytes(), b"ef\x01\x01\x01\x01");
        assert_eq!(format!("{secret:?}"), "Secret(6 bytes)");
    }

    #[test]
    fn memory_that_is_not_there_is_an_error_and_takes_nothing_away() {
        let mut secret = Secret::copy_of(In::from_slice(b"abc")).unwrap();
        for len in [1 << 62, usize::MAX] {
            for error in [
                Secret::zeroed(len).unwrap_err(),
                secret.reserve(len).unwrap_err(),
                secret.extend_to(len).unwrap_err(),
            ] {
                let Error::Memory { text } = error else { panic!("{error:?}") };
                assert!(text.contains(&format!("no memory to keep {}", bytes(len))), "{text}");
            }
        }
        assert_eq!(secret.bytes(), b"abc");
    }

    #[test]
    fn room_that_was_made_is_filled_where_it_is() {
        let mut secret = Secret::copy_of(In::from_slice(b"abc")).unwrap();
        secret.reserve(100).unwrap();
        let start = secret.bytes().as_ptr();
        secret.append(In::from_slice(&[7; 57])).unwrap();
        secret.extend_to(100).unwrap();
        secret.extend_to(5).unwrap();
        assert_eq!((secret.len(), secret.bytes().as_ptr()), (100, start));
    }
}
