//! What a userspace cipher leaves in the memory that it gives back: nothing of its key.
//!
//! An allocator looks at every block when it is freed. It has to be the only one of its program,
//! so this file is a program of its own.
#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]
#![cfg(test)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use afalg::algorithm::Algorithm;
use afalg::request::{Direction, Iv, Request};
use afalg::secret::Secret;
use afalg::span::{In, Out};
use afalg::userspace::{UserspaceCipher, names};

/// A byte that keys here are made of, and hardly anything else is.
const MARK: u8 = 0xb7;

/// Bytes of the pointer to a boxed cipher, which need not be wiped.
const POINTER: usize = 16;

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
    static FREED: Cell<usize> = const { Cell::new(0) };
    static MARKED: Cell<usize> = const { Cell::new(0) };
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

struct Looking;

// SAFETY: all it does besides what the system's allocator does is to read.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract, which is the same. Zeros, so that no byte
        // that is looked at later was never written.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if LOOKING.get() {
            // SAFETY: the block is `layout` long, still allocated and nobody's any more.
            look(unsafe { std::slice::from_raw_parts(start, layout.size()) });
        }
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

fn look(block: &[u8]) {
    FREED.set(FREED.get() + block.len());
    if block.windows(8).any(|window| window == [MARK; 8]) {
        MARKED.set(MARKED.get() + 1);
    }
    // Names and lists of sizes are smaller than any key schedule.
    if block.len() >= 100 {
        LEFT.set(LEFT.get().max(block.iter().filter(|byte| **byte != 0).count()));
    }
}

/// Runs `work` and says how many bytes it freed, in how many blocks the key was, and how many
/// bytes were left in the worst of the large ones.
fn looking(work: impl FnOnce()) -> (usize, usize, usize) {
    FREED.set(0);
    MARKED.set(0);
    LEFT.set(0);
    LOOKING.set(true);
    work();
    LOOKING.set(false);
    (FREED.get(), MARKED.get(), LEFT.get())
}

/// The largest key that a name takes.
fn keyed(algorithm: &Algorithm) -> UserspaceCipher {
    let open = |size| UserspaceCipher::open(algorithm, In::from_slice(&vec![MARK; size]));
    (0..=112).rev().find_map(|size| open(size).ok()).unwrap()
}

#[test]
fn the_allocator_sees_what_is_not_wiped() {
    let (freed, marked, left) = looking(|| drop(vec![MARK; 200]));
    assert_eq!((freed, marked, left), (200, 1, 200));
}

#[test]
fn a_dropped_cipher_leaves_no_key() {
    for name in names() {
        let algorithm = Algorithm::new(&name).unwrap();
        let cipher = keyed(&algorithm);
        let (freed, marked, left) = looking(|| drop(cipher));
        assert!(freed > 0, "{name}");
        assert_eq!(marked, 0, "{name}");
        assert!(left <= POINTER, "{name}: {left} bytes");
    }
}

#[test]
fn taking_a_key_and_working_with_it_leaves_no_key() {
    for name in names() {
        let algorithm = Algorithm::new(&name).unwrap();
        let cipher = keyed(&algorithm);
        let iv = Iv::joined(&[&vec![0; cipher.constraints().sizes.iv]]).unwrap();
        let mut data = [0; 64];
        let (_, marked, _) = looking(|| {
            let cipher = keyed_once(&algorithm, &cipher);
            let mut out = Out::from_slice(&mut data);
            let (input, output) = out.in_place(64);
            let request = Request { direction: Direction::Encrypt, iv: &iv, input, output };
            cipher.crypt(request, &mut || false).unwrap();
        });
        assert_eq!(marked, 0, "{name}");
    }
}

/// Bytes of a message that is not done before the hook is asked, after 50 ms.
const LONG: usize = 256 << 20;

#[test]
fn a_panic_in_the_middle_of_a_message_leaves_no_key() {
    for name in ["xts(twofish)", "xchacha20", "adiantum(xchacha12,aes)"] {
        let algorithm = Algorithm::new(name).unwrap();
        let like = keyed(&algorithm);
        let mut data = vec![0; LONG];
        let (freed, marked, _) = looking(|| {
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let cipher = keyed_once(&algorithm, &like);
                let held = Secret::copy_of(In::from_slice(&[MARK; 100])).unwrap();
                let iv = Box::new(Iv::joined(&[&[MARK; 32][..cipher.constraints().sizes.iv]]));
                let iv = iv.as_ref().as_ref().unwrap();
                let mut hook = || -> bool { resume_unwind(Box::new(held.len())) };
                let mut out = Out::from_slice(&mut data);
                let (input, output) = out.in_place(LONG);
                let request = Request { direction: Direction::Encrypt, iv, input, output };
                cipher.crypt(request, &mut hook).unwrap();
            }));
            assert!(unwound.is_err());
        });
        assert!(freed > 0 && marked == 0, "{name}");
    }
}

/// Another one with a key of the same size, which lies on the stack.
fn keyed_once(algorithm: &Algorithm, like: &UserspaceCipher) -> UserspaceCipher {
    let key = [MARK; 112];
    let size = like.constraints().keys.bounds().1;
    UserspaceCipher::open(algorithm, In::from_slice(&key[..size])).unwrap()
}
