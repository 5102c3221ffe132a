//! The control messages of a request: `ALG_SET_OP` and `ALG_SET_IV`, laid out once per op socket
//! and rewritten in place.
//!
//! Both go along, always: an IV without an operation is a decryption (`af_alg_sendmsg` starts from
//! 0), and an operation without an IV goes on with the IV of the message before.

use std::mem::size_of;

use zeroize::Zeroize;

use crate::request::{Direction, Iv, MAX_IV};

/// `struct cmsghdr` with 8-byte alignment, as `CMSG_ALIGN` wants it on 64-bit machines.
const WORD: usize = size_of::<u64>();
const OP_LEN: usize = size_of::<u32>();

const fn cmsg_len(data: usize) -> usize {
    cmsg_header() + data
}

const fn cmsg_header() -> usize {
    size_of::<libc::cmsghdr>().next_multiple_of(size_of::<usize>())
}

const fn cmsg_space(data: usize) -> usize {
    cmsg_len(data).next_multiple_of(size_of::<usize>())
}

const OP_AT: usize = cmsg_header();
const IV_CMSG_AT: usize = cmsg_space(OP_LEN);
/// `struct af_alg_iv` is a length of four bytes and then the IV.
const IV_AT: usize = IV_CMSG_AT + cmsg_header() + OP_LEN;
const CAPACITY: usize = cmsg_space(OP_LEN) + cmsg_space(OP_LEN + MAX_IV);

/// An aligned `msg_control` buffer for one op socket.
pub(crate) struct ControlBuffer {
    words: [u64; CAPACITY.div_ceil(WORD)],
    len: usize,
    iv_size: usize,
}

impl ControlBuffer {
    /// Lays out the headers for an IV of `iv_size` bytes; ciphers without one get the operation
    /// alone.
    pub(crate) fn new(iv_size: usize) -> Self {
        let iv_size = iv_size.min(MAX_IV);
        let len = match iv_size {
            0 => cmsg_space(OP_LEN),
            _ => cmsg_space(OP_LEN) + cmsg_space(OP_LEN + iv_size),
        };
        let mut buffer = Self { words: [0; CAPACITY.div_ceil(WORD)], len, iv_size };
        buffer.put_header(0, libc::ALG_SET_OP, cmsg_len(OP_LEN));
        if iv_size > 0 {
            buffer.put_header(IV_CMSG_AT, libc::ALG_SET_IV, cmsg_len(OP_LEN + iv_size));
            let iv_len = u32::try_from(iv_size).unwrap_or_default();
            buffer.put(IV_AT - OP_LEN, &iv_len.to_ne_bytes());
        }
        buffer
    }

    /// Writes the operation and the IV into their places.
    pub(crate) fn set(&mut self, direction: Direction, iv: &Iv) {
        let operation = match direction {
            Direction::Encrypt => libc::ALG_OP_ENCRYPT,
            Direction::Decrypt => libc::ALG_OP_DECRYPT,
        };
        self.put(OP_AT, &operation.cast_unsigned().to_ne_bytes());
        debug_assert_eq!(iv.bytes().len(), self.iv_size, "the IV was checked");
        self.put(IV_AT, iv.bytes());
    }

    /// How large the IVs are that it was laid out for.
    pub(super) const fn iv_size(&self) -> usize {
        self.iv_size
    }

    /// Wipes the IV; the headers stay.
    pub(super) fn forget(&mut self) {
        if let Some(iv) = self.bytes_mut().get_mut(IV_AT..) {
            iv.zeroize();
        }
    }

    fn put_header(&mut self, at: usize, kind: libc::c_int, len: usize) {
        self.put(at, &len.to_ne_bytes()); // cmsg_len is a size_t to the kernel
        self.put(at + size_of::<usize>(), &libc::SOL_ALG.to_ne_bytes());
        self.put(at + size_of::<usize>() + OP_LEN, &kind.to_ne_bytes());
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes_mut().get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.words.len() * WORD;
        // SAFETY: the words are `len` initialised bytes, and every byte pattern is a valid u64.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast(), len) }
    }

    /// For `msg_control`.
    pub(super) const fn as_ptr(&self) -> *const libc::c_void {
        self.words.as_ptr().cast()
    }

    /// For `msg_controllen`.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl std::fmt::Debug for ControlBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ControlBuffer({} bytes)", self.len)
    }
}

impl Drop for ControlBuffer {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

#[cfg(all(test, target_pointer_width = "64", target_endian = "little"))]
mod tests {
    use super::*;
    use crate::span::In;

    fn image(buffer: &mut ControlBuffer) -> Vec<u8> {
        let len = buffer.len();
        buffer.bytes_mut().iter().take(len).copied().collect()
    }

    const OP_HEADER: [u8; 16] = [20, 0, 0, 0, 0, 0, 0, 0, 23, 1, 0, 0, 3, 0, 0, 0];
    const PAD: [u8; 4] = [0; 4];

    #[test]
    fn a_cipher_with_an_iv_sends_operation_and_iv() {
        let mut buffer = ControlBuffer::new(16);
        buffer.set(Direction::Encrypt, &Iv::copy_of(In::from_slice(&[0xab; 16])).unwrap());
        let iv_header = [36, 0, 0, 0, 0, 0, 0, 0, 23, 1, 0, 0, 2, 0, 0, 0];
        let parts: [&[u8]; 7] =
            [&OP_HEADER, &[1, 0, 0, 0], &PAD, &iv_header, &[16, 0, 0, 0], &[0xab; 16], &PAD];
        assert_eq!(image(&mut buffer), parts.concat());
        buffer.set(Direction::Decrypt, &Iv::copy_of(In::from_slice(&[0xcd; 16])).unwrap());
        let parts: [&[u8]; 7] =
            [&OP_HEADER, &PAD, &PAD, &iv_header, &[16, 0, 0, 0], &[0xcd; 16], &PAD];
        assert_eq!(image(&mut buffer), parts.concat());
    }

    #[test]
    fn a_cipher_without_one_sends_the_operation_alone() {
        let mut buffer = ControlBuffer::new(0);
        buffer.set(Direction::Encrypt, &Iv::EMPTY);
        assert_eq!(image(&mut buffer), [&OP_HEADER[..], &[1, 0, 0, 0], &PAD].concat());
    }

    #[test]
    fn the_largest_iv_fits_to_the_last_byte() {
        let mut buffer = ControlBuffer::new(MAX_IV);
        buffer.set(Direction::Encrypt, &Iv::copy_of(In::from_slice(&[0xee; MAX_IV])).unwrap());
        assert_eq!(image(&mut buffer)[IV_AT..IV_AT + MAX_IV], [0xee; MAX_IV]);
        assert_eq!(buffer.len(), 24 + 56);
    }
}
