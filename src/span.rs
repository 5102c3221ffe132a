//! Pointer and length of a caller's bytes.
//!
//! The kernel reads and writes these bytes through the pointer, with its own access checks; Rust
//! forms no reference to them, since a Python thread may write to a `bytearray` while it is in use.
//! Only whoever makes a span promises anything (the bytes stay mapped), so everything here that
//! takes bytes out or puts them in is safe to call.
#![allow(unsafe_code, reason = "raw pointers to callers' bytes; invariants in SAFETY.md")]

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::{self, NonNull};

/// Bytes to be read.
#[derive(Clone, Copy, Debug)]
pub struct In<'a> {
    start: NonNull<u8>,
    len: usize,
    life: PhantomData<&'a ()>,
}

/// Bytes to be written: one owner at a time, so not `Copy`.
#[derive(Debug)]
pub struct Out<'a> {
    start: NonNull<u8>,
    len: usize,
    life: PhantomData<&'a mut ()>,
}

// SAFETY: a span is an address and a length; whoever made it keeps the bytes mapped for 'a, on
// whatever thread they are used.
unsafe impl Send for In<'_> {}
// SAFETY: as above; an `In` is Copy, so sharing one allows nothing that sending copies does not.
unsafe impl Sync for In<'_> {}
// SAFETY: as above; `Out` is not `Copy`, so one thread at a time has it.
unsafe impl Send for Out<'_> {}

/// How an input and an output lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// No byte in common.
    None,
    /// They start at the same byte: in place.
    InPlace,
    /// Some bytes in common, from different starts.
    Partial,
}

impl<'a> In<'a> {
    /// # Safety
    /// `start..start + len` stays mapped and readable for `'a`; its contents may change meanwhile.
    pub const unsafe fn new(start: NonNull<u8>, len: usize) -> Self {
        Self { start, len, life: PhantomData }
    }

    /// The span of a slice.
    pub fn from_slice(bytes: &'a [u8]) -> Self {
        // SAFETY: the slice is borrowed, hence mapped, for 'a.
        unsafe { Self::new(NonNull::from(bytes).cast(), bytes.len()) }
    }

    /// How many bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first byte's address, for the system call.
    pub const fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// The bytes before `at` and those from it on; `at` beyond the end gives all and none.
    #[must_use]
    pub fn split_at(self, at: usize) -> (Self, Self) {
        let at = at.min(self.len);
        // SAFETY: `at` is at most `len`, so the sum stays within the span or one past its end.
        let middle = unsafe { self.start.add(at) };
        (Self { len: at, ..self }, Self { start: middle, len: self.len - at, ..self })
    }

    /// The bytes of `range`, cut to the span.
    #[must_use]
    pub fn part(self, range: Range<usize>) -> Self {
        self.split_at(range.end).0.split_at(range.start).1
    }

    /// Copies as many bytes as both have, from the first on.
    pub fn copy_to(&self, to: &mut [u8]) {
        let count = self.len.min(to.len());
        // SAFETY: both ends have `count` bytes, and `to` is a fresh exclusive borrow of memory that
        // the package owns, which no caller's buffer overlaps.
        unsafe { ptr::copy_nonoverlapping(self.start.as_ptr(), to.as_mut_ptr(), count) }
    }

    /// Takes the first `N` bytes off; `None` where there are fewer.
    #[inline]
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let rest = self.len.checked_sub(N)?;
        // SAFETY: the span has these bytes, which may lie anywhere. They are copied, and any bytes
        // make an array.
        let bytes = unsafe { self.start.cast::<[u8; N]>().read_unaligned() };
        // SAFETY: `N` is at most `len`, so the sum stays within the span or one past its end.
        self.start = unsafe { self.start.add(N) };
        self.len = rest;
        Some(bytes)
    }

    /// How `out` lies to these bytes.
    pub fn overlap(&self, out: &Out<'_>) -> Overlap {
        let (ours, theirs) = (self.start.as_ptr().addr(), out.start.as_ptr().addr());
        if self.len == 0 || out.len == 0 {
            return Overlap::None;
        }
        if ours == theirs {
            return Overlap::InPlace;
        }
        let apart =
            ours.saturating_add(self.len) <= theirs || theirs.saturating_add(out.len) <= ours;
        if apart { Overlap::None } else { Overlap::Partial }
    }
}

impl<'a> Out<'a> {
    /// # Safety
    /// `start..start + len` stays mapped and writable for `'a`, and nothing else of the package
    /// writes there meanwhile.
    pub const unsafe fn new(start: NonNull<u8>, len: usize) -> Self {
        Self { start, len, life: PhantomData }
    }

    /// The span of a slice.
    pub fn from_slice(bytes: &'a mut [u8]) -> Self {
        let len = bytes.len();
        // SAFETY: the slice is borrowed exclusively, hence mapped and ours, for 'a.
        unsafe { Self::new(NonNull::from(bytes).cast(), len) }
    }

    /// How many bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first byte's address, for the system call.
    pub const fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The same bytes for a shorter time.
    pub const fn borrow(&mut self) -> Out<'_> {
        Out { start: self.start, len: self.len, life: PhantomData }
    }

    /// The same bytes, to be read.
    pub const fn as_in(&self) -> In<'_> {
        In { start: self.start, len: self.len, life: PhantomData }
    }

    /// The first `len` bytes as input and output of one request: in place.
    pub const fn in_place(&mut self, len: usize) -> (In<'_>, Out<'_>) {
        let len = if len < self.len { len } else { self.len };
        let (start, life) = (self.start, PhantomData);
        (In { start, len, life: PhantomData }, Out { start, len, life })
    }

    /// The bytes before `at` and those from it on; `at` beyond the end gives all and none.
    #[must_use]
    pub fn split_at(self, at: usize) -> (Self, Self) {
        let at = at.min(self.len);
        // SAFETY: `at` is at most `len`, so the sum stays within the span or one past its end.
        let middle = unsafe { self.start.add(at) };
        let (len, life) = (self.len - at, PhantomData);
        (Self { start: self.start, len: at, life }, Self { start: middle, len, life })
    }

    /// The bytes of `range`, cut to the span.
    #[must_use]
    pub fn part(self, range: Range<usize>) -> Self {
        self.split_at(range.end).0.split_at(range.start).1
    }

    /// Copies as many bytes as both have, to the first on. The two may overlap.
    pub fn copy_from(&mut self, from: In<'_>) {
        let count = self.len.min(from.len);
        // SAFETY: both ends have `count` bytes for their lifetimes, and `ptr::copy` allows overlap.
        unsafe { ptr::copy(from.start.as_ptr(), self.start.as_ptr(), count) }
    }

    /// Writes `bytes` and goes on behind them; nothing where they do not fit.
    #[inline]
    pub fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        let Some(rest) = self.len.checked_sub(N) else { return };
        // SAFETY: the span has as many writable bytes, which may lie anywhere.
        unsafe { self.start.cast::<[u8; N]>().write_unaligned(*bytes) };
        // SAFETY: `N` is at most `len`, so the sum stays within the span or one past its end.
        self.start = unsafe { self.start.add(N) };
        self.len = rest;
    }

    /// Fills with `byte`.
    pub fn fill(&mut self, byte: u8) {
        // SAFETY: the span has `len` writable bytes for its lifetime.
        unsafe { ptr::write_bytes(self.start.as_ptr(), byte, self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_to_the_span() {
        let bytes = [0, 1, 2, 3, 4];
        let mut got = [9; 8];
        In::from_slice(&bytes).part(1..4).copy_to(&mut got);
        assert_eq!(got, [1, 2, 3, 9, 9, 9, 9, 9]);
        assert_eq!(In::from_slice(&bytes).part(3..99).len(), 2);
        assert!(In::from_slice(&bytes).part(7..9).is_empty());
    }

    #[test]
    fn an_output_takes_what_fits() {
        let mut bytes = [7; 5];
        let (mut head, mut tail) = Out::from_slice(&mut bytes).split_at(2);
        head.copy_from(In::from_slice(&[1, 2, 3]));
        tail.borrow().part(1..2).fill(0);
        tail.copy_from(In::from_slice(&[]));
        assert_eq!(bytes, [1, 2, 7, 0, 7]);
    }

    #[test]
    fn chunks_come_off_one_span_and_go_onto_another() {
        let bytes = [0, 1, 2, 3, 4];
        let mut got = [9; 5];
        let (mut input, mut output) = (In::from_slice(&bytes), Out::from_slice(&mut got));
        while let Some(pair) = input.take::<2>() {
            output.put(&pair);
        }
        output.put(&[7, 7]);
        assert_eq!((input.len(), output.len()), (1, 1));
        assert_eq!((input.take(), got), (Some([4]), [0, 1, 2, 3, 9]));
        assert_eq!(input.take::<1>(), None);
    }

    #[test]
    fn overlap_is_told_apart() {
        let mut bytes = [0_u8; 32];
        let start = NonNull::from(&mut bytes).cast::<u8>();
        let at = |from: usize, len: usize| {
            // SAFETY: every `from` below is within the array of 32 bytes.
            let start = unsafe { start.add(from) };
            // SAFETY: every `from + len` below is, too, and the array outlives the spans.
            unsafe { Out::new(start, len) }
        };
        for (from, len, expected) in [
            (0, 8, Overlap::None),
            (16, 8, Overlap::None),
            (8, 8, Overlap::InPlace),
            (8, 4, Overlap::InPlace),
            (1, 8, Overlap::Partial),
            (15, 8, Overlap::Partial),
            (15, 0, Overlap::None),
        ] {
            assert_eq!(at(from, len).as_in().overlap(&at(8, 8)), expected, "{from} {len}");
        }
    }
}
