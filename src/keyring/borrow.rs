//! A keyring that was named, possessed for as long as it is needed.
//!
//! Most keys may be used by those alone who possess them: to whom a keyring of their thread, process or
//! session leads. The user's is not among those of a service of systemd. To link it into one of them
//! for good would have later searches find what is in it before their own; so it is linked into the
//! thread's for the moment of a call, which no other thread sees and no child inherits.

use super::ring::{Ring, have_session};
use crate::error::Errno;
use crate::key::Serial;
use crate::sys::errno;
use crate::sys::keyctl::{self, Special};

/// The keyring, until it is dropped.
#[derive(Debug)]
pub(super) struct Borrowed {
    /// The number that the kernel knows it by.
    pub(super) id: Serial,
    /// Why it is not possessed by way of this; none where it is, or need not.
    pub(super) lacking: Option<Errno>,
    linked: bool,
}

impl Borrowed {
    /// Makes a keyring the thread's. Where that may not be, what it is needed for will tell.
    ///
    /// # Errors
    /// There is no such keyring.
    pub(super) fn new(ring: Ring) -> Result<Self, Errno> {
        let thread = Special::Thread.serial();
        let (id, linked) = match ring {
            Ring::Special(own @ (Special::Thread | Special::Process | Special::Session)) => {
                return Ok(Self { id: own.serial(), lacking: None, linked: false });
            }
            Ring::Persistent => (keyctl::persistent(thread)?, Ok(())),
            Ring::Special(users) => (users.serial(), keyctl::link(users.serial(), thread)),
            Ring::Key(serial) => (serial, keyctl::link(serial, thread)),
        };
        Ok(Self { id, lacking: linked.err(), linked: linked.is_ok() })
    }

    /// The same, to be written to.
    ///
    /// # Errors
    /// There is no such keyring, or it cannot be made.
    pub(super) fn to_write(ring: Ring) -> Result<Self, Errno> {
        if ring == Ring::Special(Special::Session) {
            have_session()?;
        }
        Self::new(ring)
    }

    /// That the user may have no more keys, where that is why it is not possessed.
    pub(super) fn check_quota(&self) -> Result<(), Errno> {
        if self.lacking == Some(errno::EDQUOT) { Err(errno::EDQUOT) } else { Ok(()) }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if self.linked {
            // There it was linked; should somebody have taken it out, so much the better.
            keyctl::unlink(self.id, Special::Thread.serial()).unwrap_or_default();
        }
    }
}
