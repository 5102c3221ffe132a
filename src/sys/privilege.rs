//! What an ordinary process would be answered, asked by one that is not.
//!
//! Capabilities belong to threads. The raw `capset` changes those of the calling thread alone, so
//! one that was made for the question and ends with it can do without.

use std::thread;

/// `_LINUX_CAPABILITY_VERSION_3`: two words of 32 capabilities each.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    /// 0: the calling thread.
    pid: libc::c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

fn drop_capabilities() -> bool {
    let mut header = Header { version: VERSION, pid: 0 };
    let none = [Word::default(); 2];
    // SAFETY: the kernel reads one header, which it may write a version into, and two words, both
    // of its layout; they live through the call.
    unsafe { libc::syscall(libc::SYS_capset, &raw mut header, none.as_ptr()) == 0 }
}

/// Does `work` in a thread without capabilities; `None` where there can be no such thread.
pub(crate) fn without_capabilities<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new();
        let done = thread.spawn_scoped(scope, || drop_capabilities().then(work)).ok()?;
        done.join().ok().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effective() -> String {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("CapEff:")).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    }

    #[test]
    fn the_other_thread_has_none_and_this_one_keeps_its_own() {
        let before = effective();
        assert_eq!(without_capabilities(effective).as_deref(), Some("0000000000000000"));
        assert_eq!(effective(), before);
    }
}
