//! Bytes that are wiped before their memory goes back: no `Debug` that shows them, no `Clone`.

use std::fmt;

use zeroize::Zeroize;

use crate::span::{In, Out};

/// Owned bytes, wiped on drop and before every move to larger memory.
#[derive(Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// `len` zero bytes.
    pub fn zeroed(len: usize) -> Self {
        Self(vec![0; len])
    }

    /// A copy of a caller's bytes.
    pub fn copy_of(bytes: In<'_>) -> Self {
        let mut secret = Self::default();
        secret.append(bytes);
        secret
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

    /// Puts a caller's bytes behind those that are there.
    pub fn append(&mut self, bytes: In<'_>) {
        let (old, new) = (self.0.len(), self.0.len() + bytes.len());
        if new > self.0.capacity() {
            // `Vec` would move the bytes and free the old memory as it is.
            let mut larger = Vec::with_capacity(new.max(old * 2));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.resize(new, 0);
        if let Some(tail) = self.0.get_mut(old..) {
            bytes.copy_to(tail);
        }
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
        secret.append(In::from_slice(b"abc"));
        secret.append(In::from_slice(b"defgh"));
        assert_eq!(secret.bytes(), b"abcdefgh");
        secret.drop_front(5);
        assert_eq!(secret.bytes(), b"fgh");
        secret.drop_front(9);
        assert!(secret.is_empty());
    }

    #[test]
    fn what_is_dropped_is_wiped_in_place() {
        let mut secret = Secret::default();
        secret.append(In::from_slice(b"abcdef"));
        secret.drop_front(4);
        secret.0.resize(6, 1); // no new memory: the bytes behind the end come back as they are
        assert_eq!(secret.bytes(), b"ef\x01\x01\x01\x01");
        assert_eq!(format!("{secret:?}"), "Secret(6 bytes)");
    }
}
