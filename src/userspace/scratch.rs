//! The private buffer that everything is computed in.
//!
//! A caller's bytes may change under us (another Python thread), so that no reference to them may
//! exist: they are copied in here, worked on, and copied out. What was used is wiped on drop.

use zeroize::Zeroize;

/// Bytes that are worked on at once: four times what AES does at once with the widest instructions,
/// and little enough that two such buffers cost a small message nothing that would show.
pub(super) const PIECE: usize = 4096;

/// A [`PIECE`], and room for the one or two blocks that the end of a message may need with it.
pub(super) const ROOM: usize = PIECE + 32;

/// A buffer on the stack.
pub(super) struct Scratch {
    bytes: [u8; ROOM],
    used: usize,
}

impl Scratch {
    /// With zeros in it.
    pub(super) const fn new() -> Self {
        Self { bytes: [0; ROOM], used: 0 }
    }

    /// The first `len` bytes, at most [`ROOM`], with what is left from before in them.
    pub(super) fn first(&mut self, len: usize) -> &mut [u8] {
        let len = len.min(ROOM);
        self.used = self.used.max(len);
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(used) = self.bytes.get_mut(..self.used) {
            used.zeroize();
        }
    }
}

/// Xors `with` into as many bytes of `data`.
pub(super) fn xor(data: &mut [u8], with: &[u8]) {
    for (to, from) in data.iter_mut().zip(with) {
        *to ^= from;
    }
}

/// Copies as many bytes as both have.
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
