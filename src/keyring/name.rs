//! A key by its name, and where it is found.

use std::ffi::CStr;

use super::borrow::{Borrowed, once_more};
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

    /// Looks into one; what is in it may want to be possessed.
    pub(super) fn in_ring(self, ring: Ring) -> Result<Serial, Errno> {
        let place = Borrowed::by_id(ring)?;
        let search = || keyctl::search(place.id, self.kind, self.text);
        match search() {
            Err(errno @ errno::EACCES) => once_more(ring, errno, |quota| quota, search),
            answer => answer,
        }
    }

    /// The key of this name that a keyring has itself, not by what it links: that is what `add_key`
    /// would give new bytes.
    pub(super) fn directly_in(self, ring: Serial) -> Option<Serial> {
        let found = keyctl::search(ring, self.kind, self.text).ok()?;
        keyctl::members(ring).ok()?.contains(&found).then_some(found)
    }
}
