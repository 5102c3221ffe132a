//! One `sendmsg`, one `recvmsg`.
//!
//! Both with `MSG_DONTWAIT`: a blocking send beyond the send buffer, or a receive of more than is
//! pending, waits for ever in the kernel, whatever `SO_SNDTIMEO` and `SO_RCVTIMEO` say.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::fork::Receiving;
use super::{ControlBuffer, errno};
use crate::error::Errno;
use crate::span::{In, Out};

/// A message with one run of bytes.
pub(super) const fn header(
    data: *mut libc::iovec,
    control: Option<&ControlBuffer>,
) -> libc::msghdr {
    libc::msghdr {
        msg_name: ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: data,
        msg_iovlen: 1,
        msg_control: match control {
            Some(buffer) => buffer.as_ptr().cast_mut(),
            None => ptr::null_mut(),
        },
        msg_controllen: match control {
            Some(buffer) => buffer.len(),
            None => 0,
        },
        msg_flags: 0,
    }
}

fn count_of(answer: libc::ssize_t) -> Result<usize, Errno> {
    usize::try_from(answer).map_err(|_| errno::last())
}

/// Sends `data`, after the control messages where there are any. `more`: the message goes on.
pub(super) fn send(
    socket: BorrowedFd<'_>,
    control: Option<&ControlBuffer>,
    data: In<'_>,
    more: bool,
) -> Result<usize, Errno> {
    let mut vector = libc::iovec { iov_base: data.as_ptr().cast_mut().cast(), iov_len: data.len() };
    let message = header(&raw mut vector, control);
    let flags = libc::MSG_DONTWAIT | if more { libc::MSG_MORE } else { 0 };
    // SAFETY: the header points at a vector and a control buffer that live through the call; the
    // kernel only reads the data, which the span keeps mapped.
    count_of(unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, flags) })
}

/// Receives at most `out.len()` bytes.
pub(super) fn receive(socket: BorrowedFd<'_>, out: &mut Out<'_>) -> Result<usize, Errno> {
    let mut vector = libc::iovec { iov_base: out.as_ptr().cast(), iov_len: out.len() };
    let mut message = header(&raw mut vector, None);
    let _receiving = Receiving::begin(socket);
    // SAFETY: the header points at a vector that lives through the call; the kernel writes to the
    // data alone, which the span keeps mapped and exclusive to us.
    let answer = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT) };
    count_of(answer)
}
