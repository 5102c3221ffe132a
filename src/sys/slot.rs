//! A place for one value that threads take out and put back without a lock.
//!
//! A mutex would do, but for `fork`: a child that finds it locked by a thread of its parent waits
//! for ever. A swap of a pointer is done or not done.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Empty, or the owner of one boxed value.
pub(crate) struct Slot<T> {
    value: AtomicPtr<T>,
    owns: PhantomData<Box<T>>,
}

// SAFETY: the value moves from thread to thread through the atomic pointer, never shared: `take`
// leaves null behind. So `T: Send` is what it needs.
unsafe impl<T: Send> Send for Slot<T> {}
// SAFETY: as above; `&Slot` gives out no `&T`.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// An empty slot.
    pub(crate) const fn new() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// Takes the value out, if there is one.
    pub(crate) fn take(&self) -> Option<Box<T>> {
        // Look before the swap: an empty slot costs a shared cache line, not an exclusive one.
        if self.value.load(Ordering::Relaxed).is_null() {
            return None;
        }
        let value = self.value.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: a pointer that is not null came from `Box::into_raw` in `put`, and the swap made
        // this thread its only owner.
        (!value.is_null()).then(|| unsafe { Box::from_raw(value) })
    }

    /// Puts a value in; gives it back where the slot is full.
    ///
    /// # Errors
    /// The value.
    pub(crate) fn put(&self, value: Box<T>) -> Result<(), Box<T>> {
        let value = Box::into_raw(value);
        let empty = ptr::null_mut();
        match self.value.compare_exchange(empty, value, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            // SAFETY: the pointer is the box of above, which the slot did not take.
            Err(_) => Err(unsafe { Box::from_raw(value) }),
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.value.load(Ordering::Relaxed).is_null() { "Empty" } else { "Full" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_slot_holds_one_value() {
        let slot = Slot::new();
        assert!(slot.take().is_none());
        slot.put(Box::new(1)).unwrap();
        assert_eq!(slot.put(Box::new(2)), Err(Box::new(2)));
        assert_eq!(slot.take(), Some(Box::new(1)));
        assert!(slot.take().is_none());
    }

    #[test]
    fn values_are_neither_lost_nor_doubled() {
        static ALIVE: AtomicUsize = AtomicUsize::new(0);
        struct Counted;
        impl Drop for Counted {
            fn drop(&mut self) {
                ALIVE.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let slot = Slot::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let value = slot.take().unwrap_or_else(|| {
                            ALIVE.fetch_add(1, Ordering::SeqCst);
                            Box::new(Counted)
                        });
                        drop(slot.put(value));
                    }
                });
            }
        });
        assert_eq!(ALIVE.load(Ordering::SeqCst), 1);
        drop(slot);
        assert_eq!(ALIVE.load(Ordering::SeqCst), 0);
    }
}
