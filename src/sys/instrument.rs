//! Sockets that stand in for AF_ALG's where a kernel has none: a datagram socket of AF_UNIX that is
//! connected to itself ignores control messages of `SOL_ALG` and gives back what was sent. Behind
//! the same [`OpSocket`], so that the same code makes the same two calls.

use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::descriptor::Descriptor;
use super::errno;
use super::socket::{OpSocket, length, owned};
use crate::error::{Errno, Refusal, Stage};

/// By so much is the largest datagram smaller than the send buffer (`unix_dgram_sendmsg`).
const OF_THE_SEND_BUFFER: usize = 32;

impl OpSocket {
    /// An op socket that gives back what was sent.
    ///
    /// # Errors
    /// What a call answered.
    pub fn connected_to_itself(iv_size: usize) -> Result<Self, Refusal> {
        let refused = |errno| Refusal { stage: Stage::Accept, errno };
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        // SAFETY: no pointers.
        let socket = owned(unsafe { libc::socket(libc::AF_UNIX, kind, 0) }).map_err(refused)?;
        let socket = Descriptor::new(socket);
        connect_to_itself(socket.as_fd()).map_err(refused)?;
        Ok(Self::new(socket, iv_size))
    }

    /// [`grow_buffers`](Self::grow_buffers), in terms of the datagrams that they hold.
    pub fn grow_for_datagrams(&self, send: usize, receive: usize) -> (usize, usize) {
        let (send, receive) = self.grow_buffers(send + OF_THE_SEND_BUFFER, receive);
        (send.saturating_sub(OF_THE_SEND_BUFFER), receive)
    }
}

/// Gives the socket a name that is free (a family alone asks for one) and connects it to that.
fn connect_to_itself(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    let (fd, none) = (socket.as_raw_fd(), [0; size_of::<libc::sockaddr_un>() - size_of::<u16>()]);
    let family = libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or_default();
    let mut address = libc::sockaddr_un { sun_family: family, sun_path: none };
    let mut size = length(size_of::<libc::sa_family_t>());
    // SAFETY: the address is a local of at least `size` bytes; the kernel copies it.
    if unsafe { libc::bind(fd, (&raw const address).cast(), size) } != 0 {
        return Err(errno::last());
    }
    size = length(size_of::<libc::sockaddr_un>());
    // SAFETY: both pointers are to locals that live through the call, and `size` is the address's.
    if unsafe { libc::getsockname(fd, (&raw mut address).cast(), &raw mut size) } != 0 {
        return Err(errno::last());
    }
    // SAFETY: the kernel has just filled `size` bytes of the address; it copies them.
    if unsafe { libc::connect(fd, (&raw const address).cast(), size) } != 0 {
        return Err(errno::last());
    }
    Ok(())
}
