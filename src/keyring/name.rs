//! A key by its name: where it is found, and how it becomes the process's own.

use std::ffi::CStr;

use super::ring::Ring;
use crate::error::Errno;
use crate::key::Serial;
use crate::sys::errno;
use crate::sys::keyctl;

/// Type and description, as the kernel is asked for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) kind: &'a CStr,
    pub(super) text: &'a CStr,
}

impl Name<'_> {
    /// Looks into the keyrings that the process has: the first that has it, else the first that
    /// tells of it, for not there is the least that can be said.
    pub(super) fn in_own(self) -> Result<Serial, Errno> {
        let mut told = errno::ENOKEY;
        for ring in Ring::SEARCHED {
            match keyctl::search(ring.serial(), self.kind, self.text) {
                Ok(key) => return Ok(key),
                Err(errno) if told == errno::ENOKEY => told = errno,
                Err(_) => {}
            }
        }
        Err(told)
    }

    /// Looks into one, and makes it the process's own.
    pub(super) fn in_ring(self, ring: Ring) -> Result<Serial, Errno> {
        let key = keyctl::search(ring.id()?, self.kind, self.text)?;
        self.possess(key, ring);
        Ok(key)
    }

    /// Most keys may be used by those alone who possess them: to whom a keyring of their thread,
    /// process or session leads. The user's is not among those of a service of systemd. So the
    /// keyring that was named is linked into the process's; where that may not be, the key's own
    /// refusal will say what is missing.
    pub(super) fn possess(self, key: Serial, ring: Ring) {
        if self.in_own() != Ok(key) {
            ring.possess().unwrap_or_default();
        }
    }
}
