//! Notices `fork`, and keeps it from falling into a receive.
//!
//! Linux 6.1 receives into pages that it has looked up (`iov_iter_get_pages2`) and not pinned. A
//! fork makes them copy-on-write: if the parent writes to one before the cipher does (the reference
//! count of a `bytes` lies in its first page), it gets a copy, and the result goes into the page
//! that it no longer sees. So a fork waits for the receives that are under way, and receives wait
//! for a fork. `vfork` and `posix_spawn` copy no pages and need none of this.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{sleep, yield_now};
use std::time::Duration;

use crate::process::GENERATION;

/// How many threads are in a receive: counted apart, or each receive would wait for the line that
/// those of other threads, on other sockets, have just written to.
static RECEIVING: [Lane; 16] = [const { Lane(AtomicU32::new(0)) }; 16];

/// A cache line.
#[repr(align(64))]
struct Lane(AtomicU32);

/// How many threads are in a fork.
static FORKING: AtomicU32 = AtomicU32::new(0);

/// How long either looks away. Forks are dear and receives short: no need for a futex.
const PAUSE: Duration = Duration::from_micros(50);
/// A receive is done within milliseconds. Whoever forks out of a signal handler in the middle of
/// one would wait for itself; better a garbled page there than a hang.
const PATIENCE: u32 = 40_000;

/// A receive under way, and where it is counted.
pub(super) struct Receiving(&'static AtomicU32);

impl Receiving {
    /// Begins a receive on a socket, behind a fork that is under way.
    pub(super) fn begin(socket: BorrowedFd<'_>) -> Self {
        let at = socket.as_raw_fd().unsigned_abs() as usize % RECEIVING.len();
        let own = RECEIVING.get(at).unwrap_or(&RECEIVING[0]);
        loop {
            // SeqCst: of a fork and a receive that begin at once, one sees the other.
            own.0.fetch_add(1, Ordering::SeqCst);
            let receiving = Self(&own.0);
            if FORKING.load(Ordering::SeqCst) == 0 {
                return receiving;
            }
            drop(receiving);
            yield_now();
            sleep(PAUSE);
        }
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

extern "C" fn before() {
    FORKING.fetch_add(1, Ordering::SeqCst);
    for _ in 0..PATIENCE {
        if RECEIVING.iter().all(|lane| lane.0.load(Ordering::SeqCst) == 0) {
            break;
        }
        yield_now();
        sleep(PAUSE);
    }
}

extern "C" fn in_parent() {
    FORKING.fetch_sub(1, Ordering::SeqCst);
}

extern "C" fn in_child() {
    FORKING.store(0, Ordering::SeqCst);
    for lane in &RECEIVING {
        lane.0.store(0, Ordering::SeqCst);
    }
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Registers the handlers, once for the process, when the package is imported. Without them (no
/// memory for a few words) a child would share its parent's op sockets, hence the assertion.
pub(crate) fn watch_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handlers touch atomics and sleep, and are `extern "C"`.
        let answer = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
        assert_eq!(answer, 0, "pthread_atfork has no memory");
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_fork_waits_for_receives_and_receives_wait_for_a_fork() {
        let (stop, between) = (AtomicBool::new(false), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let (any, _) = std::io::pipe().unwrap();
                    while !stop.load(Ordering::SeqCst) {
                        let _receiving = Receiving::begin(any.as_fd());
                        between.fetch_add(1, Ordering::SeqCst);
                        sleep(Duration::from_micros(10));
                        between.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
            let mut met = 0;
            for _ in 0..200 {
                sleep(Duration::from_micros(200)); // the receivers go on
                before();
                met += between.load(Ordering::SeqCst);
                in_parent();
            }
            stop.store(true, Ordering::SeqCst);
            assert_eq!(met, 0, "receives under way while a fork was");
        });
    }
}
