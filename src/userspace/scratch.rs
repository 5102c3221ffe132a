//! The private buffer that the beginnings and ends of messages are computed in, and the rarer modes.
//!
//! A caller's bytes may change under us (another Python thread), so that no reference to them may
//! exist: what does not go straight (`straight.rs`) is copied in here, worked on, and copied out. What
//! was used is wiped on drop.

use zeroize::zeroize_bytes;

/// Bytes that are worked on at once: four times what AES does at once with the widest instructions,
/// and little enough that two such buffers cost a small message nothing that would show.
pub(super) const PIECE: usize = 4096;

/// A [`PIECE`], and room for the one or two blocks that the end of a message may need with it.
pub(super) const ROOM: usize = PIECE + 32;

/// Messages up to this size have smaller buffers: to zero large ones would be a seventh of a small
/// message's time.
const SHORT: usize = 256;

/// A buffer on the stack, for a message of some length.
pub(super) struct Scratch<'b> {
    bytes: &'b mut [u8],
    used: usize,
}

/// Lends `work` a buffer with zeros in it, as large as a message of `len` bytes may need.
pub(super) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut Scratch<'_>) -> R) -> R {
    with_two(len, |one, _| work(one))
}

/// Lends it two of them.
pub(super) fn with_two<R>(
    len: usize,
    work: impl FnOnce(&mut Scratch<'_>, &mut Scratch<'_>) -> R,
) -> R {
    if len <= SHORT { with::<SHORT, R>(work) } else { with::<ROOM, R>(work) }
}

/// A frame of its own for each size: a short message is to use little of the stack, which is wiped
/// behind it.
#[inline(never)]
fn with<const SIZE: usize, R>(work: impl FnOnce(&mut Scratch<'_>, &mut Scratch<'_>) -> R) -> R {
    let [mut one, mut other] = [[0; SIZE]; 2];
    work(&mut Scratch { bytes: &mut one, used: 0 }, &mut Scratch { bytes: &mut other, used: 0 })
}

impl Scratch<'_> {
    /// The first `len` bytes, at most [`ROOM`], with what is left from before in them.
    pub(super) fn first(&mut self, len: usize) -> &mut [u8] {
        let len = len.min(self.bytes.len());
        self.used = self.used.max(len);
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        if let Some(used) = self.bytes.get_mut(..self.used) {
            zeroize_bytes(used); // `zeroize` goes byte by byte
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
