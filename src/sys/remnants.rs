//! What a call leaves in the vector registers and on the stack below it: key schedules on their way
//! into their places, round keys that a cipher has spread over wide registers, IVs that were handed
//! on. The compiler makes those copies, no type wipes them, and it may be long before another call
//! writes over them. So both are wiped where a call of Python's ends.
//!
//! Registers too, for they come to be in memory: the dynamic loader saves them all on the stack when
//! a function is called for the first time, and so does the kernel for a signal's handler.

use zeroize::zeroize_stack;

/// How much of the stack a call with a short message may use, or one that the kernel computes, the
/// loader's or a signal's copy of the registers (3 KiB) included; `tests/python/test_memory.py` finds
/// what is beyond.
const SHORT: usize = 10 << 10;

/// How much any other call may: a userspace cipher has two buffers of 4 KiB there.
const LONG: usize = 24 << 10;

/// Up to so many bytes a message is short: `src/userspace/scratch.rs` has small buffers for it.
const SHORT_MESSAGE: usize = 256;

/// Wipes when it goes, in a panic too.
struct Wipe(usize);

impl Drop for Wipe {
    #[inline(never)]
    fn drop(&mut self) {
        clear_registers(); // first: to wipe the stack may be the first call of something
        match self.0 {
            0..=SHORT_MESSAGE => zeroize_stack::<SHORT>(),
            _ => zeroize_stack::<LONG>(),
        }
    }
}

/// Does `work` in a frame of its own, with `len` bytes of a message that this process computes, and
/// wipes what that leaves behind.
/// What it gives must not have a secret in it, but where it points to.
pub fn without_remnants<T>(len: usize, work: impl FnOnce() -> T) -> T {
    let _wipe = Wipe(len);
    apart(work)
}

/// Never inlined: the stack is wiped below the frame that calls it.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Zeros in all vector registers that a function need not keep for its caller: on x86-64 all that
/// there are. Elsewhere they are left as they are: nobody has looked there.
#[cfg(target_arch = "x86_64")]
fn clear_registers() {
    use std::arch::asm;

    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has these registers, and the compiler is told that they change.
        unsafe {
            asm!(
                ".irp which, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
                "vpxorq zmm\\which, zmm\\which, zmm\\which",
                ".endr",
                clobber_abi("C"),
                options(nomem, nostack, preserves_flags)
            );
        }
    }
    if is_x86_feature_detected!("avx") {
        // SAFETY: as above; it is the first sixteen, in all their width.
        unsafe { asm!("vzeroall", clobber_abi("C"), options(nomem, nostack, preserves_flags)) }
    } else {
        // SAFETY: as above; every such processor has them.
        unsafe {
            asm!(
                ".irp which, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
                "pxor xmm\\which, xmm\\which",
                ".endr",
                clobber_abi("C"),
                options(nomem, nostack, preserves_flags)
            );
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn clear_registers() {}
