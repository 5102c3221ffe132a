//! Error numbers: those that somebody acts on, by name, and the words for all.

use crate::error::Errno;

macro_rules! names {
    ($($name:ident)*) => { $(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) const $name: Errno = Errno(libc::$name);
    )* };
}
names!(EACCES EAFNOSUPPORT EAGAIN EBADF EDQUOT EEXIST EFAULT EINTR EINVAL EIO EKEYEXPIRED EKEYREVOKED);
names!(ELIBBAD ELOOP EMFILE ENAMETOOLONG ENFILE ENOBUFS ENODEV ENOENT ENOKEY ENOMEM ENOPROTOOPT);
names!(ENOSYS ENOTDIR ENOTSOCK EOPNOTSUPP EPERM);

/// The error of the system call that has just failed on this thread.
pub(super) fn last() -> Errno {
    Errno(nix::errno::Errno::last_raw())
}

/// Name and words: `"EACCES (Permission denied)"`.
pub(crate) fn describe(errno: Errno) -> String {
    match nix::errno::Errno::from_raw(errno.0) {
        nix::errno::Errno::UnknownErrno => format!("errno {}", errno.0),
        known => format!("{known:?} ({})", known.desc()),
    }
}
