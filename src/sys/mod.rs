//! The fence: system calls, and all `unsafe` that they need. No policy: nothing here retries,
//! decides or explains. Each call answers a count or an [`Errno`].
#![allow(unsafe_code, reason = "system calls; invariants in SAFETY.md")]

mod cmsg;
mod descriptor;
pub(crate) mod errno;
mod fork;
#[cfg(any(test, feature = "instrument"))]
mod instrument;
pub(crate) mod keyctl;
mod msg;
mod privilege;
mod remnants;
mod slot;
mod socket;
mod uring;

pub(crate) use cmsg::ControlBuffer;
pub(crate) use fork::watch_forks;
pub(crate) use privilege::without_capabilities;
pub use remnants::without_remnants;
pub(crate) use slot::Slot;
pub(crate) use socket::{OpSocket, TfmSocket, can_open};
pub(crate) use uring::{CHAIN, may_exchange};

/// Whether this is the process's first thread: the one whose id is the process's.
pub(crate) fn on_main_thread() -> bool {
    nix::unistd::gettid() == nix::unistd::getpid()
}

/// The user whose rights this process has now.
pub(crate) fn effective_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The size of a page of memory in bytes.
pub(crate) fn page_size() -> usize {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok()).unwrap_or(4096)
}
