//! Notices `fork`: the child raises the fork generation before it runs anything else.

use std::sync::Once;
use std::sync::atomic::Ordering;

use crate::process::GENERATION;

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Registers the handler, once for the process, when the package is imported. Without it (no
/// memory for a few words) a child would share its parent's op sockets, hence the assertion.
pub(crate) fn watch_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler touches one atomic and is `extern "C"`.
        let answer = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        assert_eq!(answer, 0, "pthread_atfork has no memory");
    });
}
