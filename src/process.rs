//! What one process knows and how it notices that it is another one after `fork`.
//!
//! Nothing here takes a lock that another thread may have held when the process forked: the child
//! would wait for a thread that it does not have.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::constraints::Constraints;

/// How often this process's ancestors have forked since the package was loaded, plus one.
/// Raised in the child by `sys::fork`.
pub static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The fork generation of this process: an atomic read, no system call.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// What this process may put into one kernel request, and how wide it runs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of a page in bytes.
    pub page: usize,
    /// `net.core.optmem_max` in bytes; `None` where it could not be read.
    pub optmem: Option<usize>,
    /// CPUs.
    pub cpus: usize,
}

/// What has been found out once and holds for the whole process. Made once, passed down.
#[derive(Debug, Default)]
pub struct Process {
    constraints: ArcSwap<HashMap<String, Arc<Constraints>>>,
    limits: ArcSwapOption<Limits>,
}

impl Process {
    /// The constraints of an algorithm that was opened before.
    pub fn constraints(&self, algorithm: &str) -> Option<Arc<Constraints>> {
        self.constraints.load().get(algorithm).cloned()
    }

    /// Keeps the constraints of an algorithm.
    pub fn remember(&self, constraints: &Arc<Constraints>) {
        self.constraints.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(constraints.algorithm.as_str().to_owned(), Arc::clone(constraints));
            known
        });
    }

    /// The limits, read at the first call at which that is possible.
    pub fn limits(&self, read: impl FnOnce() -> Limits) -> Limits {
        if let Some(known) = &*self.limits.load() {
            return **known;
        }
        let limits = read();
        if limits.optmem.is_some() {
            self.limits.store(Some(Arc::new(limits)));
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_until_they_could_be() {
        let process = Process::default();
        let read = |optmem| process.limits(|| Limits { page: 4096, optmem, cpus: 1 }).optmem;
        assert_eq!(
            [read(None), read(Some(1)), read(Some(2)), read(None)],
            [None, Some(1), Some(1), Some(1)]
        );
    }
}
