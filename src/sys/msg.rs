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

/// `struct user_msghdr`: what the kernel reads, here and in a ring. The C libraries have the same in
/// `msghdr`, but musl with smaller types and padding, which nobody outside it can set.
#[repr(C)]
pub(super) struct Header {
    name: *const libc::c_void,
    name_len: u32,
    data: *mut libc::iovec,
    data_len: usize,
    control: *const libc::c_void,
    control_len: usize,
    flags: libc::c_int,
}

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<Header>() == size_of::<libc::msghdr>(), "as large");
    assert!(offset_of!(Header, data) == offset_of!(libc::msghdr, msg_iov), "the bytes");
    assert!(offset_of!(Header, control) == offset_of!(libc::msghdr, msg_control), "the control");
    assert!(offset_of!(Header, flags) == offset_of!(libc::msghdr, msg_flags), "the end");
};

impl Header {
    /// A message with one run of bytes.
    pub(super) const fn new(data: *mut libc::iovec, control: Option<&ControlBuffer>) -> Self {
        let (control, control_len) = match control {
            Some(buffer) => (buffer.as_ptr(), buffer.len()),
            None => (ptr::null(), 0),
        };
        Self { name: ptr::null(), name_len: 0, data, data_len: 1, control, control_len, flags: 0 }
    }

    /// As the C library and rings take it.
    pub(super) const fn as_ptr(&self) -> *const libc::msghdr {
        ptr::from_ref(self).cast()
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
    let message = Header::new(&raw mut vector, control);
    let flags = libc::MSG_DONTWAIT | if more { libc::MSG_MORE } else { 0 };
    // SAFETY: the header points at a vector and a control buffer that live through the call; the
    // kernel only reads the data, which the span keeps mapped.
    count_of(unsafe { libc::sendmsg(socket.as_raw_fd(), message.as_ptr(), flags) })
}

/// Receives at most `out.len()` bytes.
pub(super) fn receive(socket: BorrowedFd<'_>, out: &mut Out<'_>) -> Result<usize, Errno> {
    let mut vector = libc::iovec { iov_base: out.as_ptr().cast(), iov_len: out.len() };
    let mut message = Header::new(&raw mut vector, None);
    let header = (&raw mut message).cast();
    let _receiving = Receiving::begin(socket);
    // SAFETY: the header points at a vector that lives through the call; the kernel writes to the
    // header and to the data, which the span keeps mapped and exclusive to us.
    count_of(unsafe { libc::recvmsg(socket.as_raw_fd(), header, libc::MSG_DONTWAIT) })
}
