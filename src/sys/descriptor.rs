//! A descriptor that knows which file it was opened for.
//!
//! A number is a poor name for a file: daemons close all that they find open (`os.closerange`), and
//! the numbers go to whatever is opened next. Whoever held one of them would then close, or accept
//! from, somebody else's file.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Device and inode: of a socket no other has them while it is open.
pub(super) type File = (libc::dev_t, libc::ino_t);

/// Closed on drop, unless it was closed before and is nobody's, or another's, by now.
#[derive(Debug)]
pub(super) struct Descriptor {
    fd: ManuallyDrop<OwnedFd>,
    file: Option<File>,
}

impl Descriptor {
    /// Takes a descriptor that has just been made.
    pub(super) fn new(fd: OwnedFd) -> Self {
        let file = file_of(fd.as_fd());
        Self { fd: ManuallyDrop::new(fd), file }
    }

    /// Whether it still is the file that it was opened for.
    pub(super) fn is_ours(&self) -> bool {
        file_of(self.as_fd()) == self.file
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if self.is_ours() {
            // SAFETY: this is the only drop, and nothing uses the descriptor behind it.
            unsafe { ManuallyDrop::drop(&mut self.fd) }
        }
    }
}

/// Which file it is now; `None` where it is closed.
pub(super) fn file_of(fd: BorrowedFd<'_>) -> Option<File> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the pointer is to a local of the size that the call fills.
    if unsafe { libc::fstat(fd.as_raw_fd(), stat.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: the call answered 0, so it has filled all of it.
    let stat = unsafe { stat.assume_init() };
    Some((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use std::fs::File as Opened;
    use std::io::{Read, pipe};
    use std::os::fd::IntoRawFd;

    use super::*;

    /// Puts another file at the descriptor's number, as a close and an open would.
    fn replace(descriptor: &Descriptor, with: impl IntoRawFd) -> libc::c_int {
        let (with, number) = (with.into_raw_fd(), descriptor.as_fd().as_raw_fd());
        // SAFETY: no pointers; both are numbers of this test.
        assert_eq!(unsafe { libc::dup2(with, number) }, number);
        // SAFETY: as above; its duplicate stays.
        assert_eq!(unsafe { libc::close(with) }, 0);
        number
    }

    #[test]
    fn what_is_ours_is_closed() {
        let (mut reader, writer) = pipe().unwrap();
        let descriptor = Descriptor::new(writer.into());
        assert!(descriptor.is_ours());
        drop(descriptor);
        assert_eq!(reader.read(&mut [0]).unwrap(), 0, "the pipe has another writer");
    }

    #[test]
    fn what_is_another_s_by_now_is_left_open() {
        let descriptor = Descriptor::new(Opened::open("/dev/null").unwrap().into());
        let (mut reader, writer) = pipe().unwrap();
        let number = replace(&descriptor, OwnedFd::from(writer));
        assert!(!descriptor.is_ours());
        drop(descriptor);
        // SAFETY: the byte is a local's.
        assert_eq!(unsafe { libc::write(number, [7_u8].as_ptr().cast(), 1) }, 1);
        // SAFETY: no pointers; the number is this test's.
        assert_eq!(unsafe { libc::close(number) }, 0);
        let mut byte = [0];
        assert_eq!((reader.read(&mut byte).unwrap(), byte), (1, [7]));
    }
}
