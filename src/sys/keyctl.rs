//! The kernel's keyrings: `add_key` and `keyctl`.

use std::ffi::CStr;
use std::mem::{size_of, size_of_val};

use super::errno;
use crate::error::Errno;
use crate::key::Serial;
use crate::span::In;

/// A keyring that every process has or may have, as keyctl(2) numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Special {
    /// Of the calling thread.
    Thread = libc::KEY_SPEC_THREAD_KEYRING,
    /// Of the process.
    Process = libc::KEY_SPEC_PROCESS_KEYRING,
    /// Of the session, inherited by children.
    Session = libc::KEY_SPEC_SESSION_KEYRING,
    /// Of the user.
    User = libc::KEY_SPEC_USER_KEYRING,
    /// What a session has that was given no keyring of its own.
    UserSession = libc::KEY_SPEC_USER_SESSION_KEYRING,
}

impl Special {
    /// Its number in place of a serial's.
    pub const fn serial(self) -> Serial {
        Serial(self as i32)
    }
}

/// What the kernel answered: a number, or why not.
fn answered(answer: libc::c_long) -> Result<libc::c_long, Errno> {
    if answer < 0 { Err(errno::last()) } else { Ok(answer) }
}

fn serial(answer: libc::c_long) -> Result<Serial, Errno> {
    // Serials are the positive numbers of an i32: nothing else comes out of these calls.
    answered(answer).map(|serial| Serial(i32::try_from(serial).unwrap_or_default()))
}

/// A `keyctl` of numbers alone.
fn keyctl(operation: u32, numbers: [libc::c_long; 3]) -> libc::c_long {
    let [a, b, c] = numbers;
    // SAFETY: the operations that this is called with take no pointers.
    unsafe { libc::syscall(libc::SYS_keyctl, libc::c_long::from(operation), a, b, c, 0_u64) }
}

fn number(serial: Serial) -> libc::c_long {
    libc::c_long::from(serial.0)
}

/// Adds a key to a keyring, or gives the one of that name new bytes. The kernel copies them out of
/// the caller's buffer and wipes its copy of the call.
pub(crate) fn add_key(
    kind: &CStr,
    description: &CStr,
    payload: In<'_>,
    keyring: Serial,
) -> Result<Serial, Errno> {
    // SAFETY: two C strings and a span that live through the call; the kernel only reads them.
    serial(unsafe {
        libc::syscall(
            libc::SYS_add_key,
            kind.as_ptr(),
            description.as_ptr(),
            payload.as_ptr(),
            payload.len(),
            number(keyring),
        )
    })
}

/// Looks for a key in one keyring and those that it links.
pub(crate) fn search(keyring: Serial, kind: &CStr, description: &CStr) -> Result<Serial, Errno> {
    let link_into = 0 as libc::c_long; // nowhere
    // SAFETY: two C strings that live through the call.
    serial(unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            libc::c_long::from(libc::KEYCTL_SEARCH),
            number(keyring),
            kind.as_ptr(),
            description.as_ptr(),
            link_into,
        )
    })
}

/// The serial of a keyring that the process has or, where `make`, gets by asking.
pub(crate) fn keyring_id(keyring: Serial, make: bool) -> Result<Serial, Errno> {
    serial(keyctl(libc::KEYCTL_GET_KEYRING_ID, [number(keyring), libc::c_long::from(make), 0]))
}

/// The keys that a keyring has directly.
pub(crate) fn members(keyring: Serial) -> Result<Vec<Serial>, Errno> {
    let mut serials = vec![0_i32; 64];
    loop {
        let room = size_of_val(serials.as_slice());
        // SAFETY: the kernel writes into the vector no more than its length, in bytes.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_keyctl,
                libc::c_long::from(libc::KEYCTL_READ),
                number(keyring),
                serials.as_mut_ptr(),
                room,
                0 as libc::c_long,
            )
        };
        let needed = usize::try_from(answered(answer)?).unwrap_or_default();
        serials.resize(needed / size_of::<i32>(), 0);
        if needed <= room {
            return Ok(serials.into_iter().map(Serial).collect());
        }
    }
}

/// The user's keyring that outlives sessions, linked into another one.
pub(crate) fn persistent(link_into: Serial) -> Result<Serial, Errno> {
    const MINE: libc::c_long = -1;
    serial(keyctl(libc::KEYCTL_GET_PERSISTENT, [MINE, number(link_into), 0]))
}

/// Type, uid, gid, permissions and description, in one line with semicolons between them.
pub(crate) fn describe(key: Serial) -> Result<String, Errno> {
    let mut line = vec![0_u8; 256];
    loop {
        // SAFETY: the kernel writes into the vector no more than its length.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_keyctl,
                libc::c_long::from(libc::KEYCTL_DESCRIBE),
                number(key),
                line.as_mut_ptr(),
                line.len(),
                0 as libc::c_long,
            )
        };
        let needed = usize::try_from(answered(answer)?).unwrap_or_default();
        if needed <= line.len() {
            line.truncate(needed.saturating_sub(1)); // the NUL
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        line.resize(needed, 0);
    }
}

/// Links a key into a keyring.
pub(crate) fn link(key: Serial, keyring: Serial) -> Result<(), Errno> {
    answered(keyctl(libc::KEYCTL_LINK, [number(key), number(keyring), 0])).map(drop)
}

/// Takes a key out of a keyring.
pub(crate) fn unlink(key: Serial, keyring: Serial) -> Result<(), Errno> {
    answered(keyctl(libc::KEYCTL_UNLINK, [number(key), number(keyring), 0])).map(drop)
}

/// Makes a key useless for everybody.
pub(crate) fn revoke(key: Serial) -> Result<(), Errno> {
    answered(keyctl(libc::KEYCTL_REVOKE, [number(key), 0, 0])).map(drop)
}

/// Lets a key end after so many seconds; 0: not at all.
pub(crate) fn set_timeout(key: Serial, seconds: u32) -> Result<(), Errno> {
    let seconds = libc::c_long::from(seconds);
    answered(keyctl(libc::KEYCTL_SET_TIMEOUT, [number(key), seconds, 0])).map(drop)
}

/// Sets a key's permissions.
pub(crate) fn set_permissions(key: Serial, mask: u32) -> Result<(), Errno> {
    let mask = libc::c_long::from(mask);
    answered(keyctl(libc::KEYCTL_SETPERM, [number(key), mask, 0])).map(drop)
}
