//! An op socket as `crypto/algif_skcipher.c` and `crypto/af_alg.c` run it (Linux 6.12 and newer),
//! over a toy cipher. The names are the kernel's.

use afalg::error::Errno;
use afalg::request::Direction;

use crate::toy::Cipher;

/// A page in bytes: small, so that short messages have many.
pub(crate) const PAGE: usize = 1024;
/// `ALG_MAX_PAGES`.
const RUN: usize = 16;

/// Operation and IV, as a control message has them.
pub(crate) type Head = (Direction, Vec<u8>);

/// `struct af_alg_ctx`, and what of `struct sock` counts.
#[derive(Debug)]
pub(crate) struct Socket {
    cipher: Cipher,
    pub(crate) sndbuf: usize,
    pub(crate) rcvbuf: usize,
    init: bool,
    more: bool,
    direction: Direction,
    iv: Vec<u8>,
    used: Vec<u8>,
}

impl Socket {
    pub(crate) fn new(cipher: Cipher, iv_size: usize) -> Self {
        Self {
            cipher,
            sndbuf: 0,
            rcvbuf: 0,
            init: false,
            more: false,
            direction: Direction::Decrypt,
            iv: vec![0; iv_size],
            used: Vec::new(),
        }
    }

    /// The bytes that have been sent and not yet received.
    pub(crate) fn pending(&self) -> usize {
        self.used.len()
    }

    fn whole_pages(buffer: usize) -> usize {
        (buffer - buffer % PAGE).max(PAGE)
    }

    /// `af_alg_sendmsg` with `MSG_DONTWAIT`; at most `most` bytes, as when memory runs out.
    pub(crate) fn send(
        &mut self,
        head: Option<Head>,
        data: &[u8],
        more: bool,
        most: usize,
    ) -> Result<usize, Errno> {
        if head.as_ref().is_some_and(|(_, iv)| iv.len() != self.iv.len()) {
            return Err(Errno(libc::EINVAL));
        }
        if self.init && !self.more && !self.used.is_empty() {
            return Err(Errno(libc::EINVAL));
        }
        self.init = true;
        if let Some((direction, iv)) = head {
            (self.direction, self.iv) = (direction, iv);
        }
        let free = Self::whole_pages(self.sndbuf).saturating_sub(self.used.len());
        let count = data.len().min(most).min(free);
        if count == 0 && !data.is_empty() {
            return Err(Errno(libc::EAGAIN));
        }
        self.used.extend_from_slice(&data[..count]);
        if count == data.len() {
            self.more = more; // only a send that took all sets it
        }
        Ok(count)
    }

    /// `skcipher_recvmsg` with `MSG_DONTWAIT` into `room` bytes from the address `at` on.
    pub(crate) fn receive(&mut self, at: usize, room: usize) -> Result<Vec<u8>, Errno> {
        let mut all = Vec::new();
        while all.len() < room {
            match self.request(at + all.len(), room - all.len()) {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => all.extend(bytes),
                Err(errno) if all.is_empty() => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(all)
    }

    /// `_skcipher_recvmsg`.
    fn request(&mut self, at: usize, room: usize) -> Result<Vec<u8>, Errno> {
        let (used, chunk) = (self.used.len(), self.cipher.chunk);
        if !self.init || (self.more && used < chunk) {
            return Err(Errno(libc::EAGAIN));
        }
        let mut len = self.rsgl(at, room.min(used));
        if self.more || len < used {
            len -= len % chunk;
            if len == 0 {
                return Err(Errno(libc::EINVAL));
            }
        }
        let mut data: Vec<u8> = self.used.drain(..len).collect();
        if self.used.is_empty() {
            self.init = self.more;
        }
        if !self.cipher.request(self.direction, &mut self.iv, &mut data) {
            return Err(Errno(libc::EINVAL));
        }
        Ok(data)
    }

    /// `af_alg_get_rsgl`: runs of pages, while a page of the receive buffer is left.
    fn rsgl(&self, at: usize, most: usize) -> usize {
        let (mut len, mut left) = (0, Self::whole_pages(self.rcvbuf));
        while len < most && left >= PAGE {
            let run = RUN * PAGE - (at + len) % PAGE;
            let part = run.min(most - len).min(left);
            len += part;
            left -= part;
        }
        len
    }
}
