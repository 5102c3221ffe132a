//! A keyring that was named, possessed for as long as it is needed.
//!
//! Most keys may be used by those alone who possess them: to whom a keyring of their thread, process or
//! session leads. The user's is not among those of a service of systemd. To link it into one of them
//! for good would have later searches find what is in it before their own; so it is linked into the
//! thread's for the moment of a call, which no other thread sees and no child inherits.

use super::ring::Ring;
use super::{Facts, rules};
use crate::error::Errno;
use crate::key::Serial;
use crate::sys::keyctl::{self, Special};
use crate::sys::{self, errno};

const THREAD: Serial = Special::Thread.serial();

/// The keyring, until it is dropped.
#[derive(Debug)]
pub(super) struct Borrowed {
    /// The number that the kernel knows it by.
    pub(super) id: Serial,
    linked: bool,
}

impl Borrowed {
    /// Makes a keyring the thread's, unless it is already. What of its name the thread has is not
    /// displaced for it.
    ///
    /// # Errors
    /// There is no such keyring, or it may not be had so.
    pub(super) fn new(ring: Ring) -> Result<Self, Errno> {
        match ring {
            Ring::Special(Special::Thread | Special::Process | Special::Session) => {
                Err(errno::EACCES) // these are possessed, so that possession is not what lacks
            }
            Ring::Persistent => Self::persistent(),
            Ring::Special(users) => Self::linked(users.serial()),
            Ring::Key(serial) => Self::linked(serial),
        }
    }

    /// The number of a keyring that is asked by it. The persistent one has none before it is linked.
    ///
    /// # Errors
    /// There is no such keyring.
    pub(super) fn by_id(ring: Ring) -> Result<Self, Errno> {
        match ring {
            Ring::Special(special) => Ok(Self { id: special.serial(), linked: false }),
            Ring::Key(id) => Ok(Self { id, linked: false }),
            Ring::Persistent => Self::persistent(),
        }
    }

    /// The same of one that is to be written to.
    ///
    /// # Errors
    /// There is no such keyring, or it cannot be made.
    pub(super) fn to_write(ring: Ring) -> Result<Self, Errno> {
        ring.to_write()?;
        Self::by_id(ring)
    }

    fn persistent() -> Result<Self, Errno> {
        let name = format!("_persistent.{}", sys::effective_user());
        let had = find_keyring(&name).is_some();
        Ok(Self { id: keyctl::persistent(THREAD)?, linked: !had })
    }

    fn linked(ring: Serial) -> Result<Self, Errno> {
        let facts = Facts::of(ring)?;
        if facts.named.kind != "keyring" {
            return Err(errno::ENOTDIR);
        }
        let id = match ring {
            Serial(1..) => ring,
            special => keyctl::keyring_id(special, false)?,
        };
        match find_keyring(&facts.named.description) {
            None => keyctl::link(id, THREAD).map(|()| Self { id, linked: true }),
            Some(there) if there == id => Ok(Self { id, linked: false }),
            Some(_) => Err(errno::EEXIST),
        }
    }
}

/// Does a work that was refused for want of permission once more, with the keyring borrowed.
///
/// # Errors
/// The work's; that the user may have no more keys, as `quota` words it; or the `first` refusal, where
/// the keyring may not be borrowed.
pub(super) fn once_more<T, E>(
    ring: Ring,
    first: E,
    quota: impl FnOnce(Errno) -> E,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    match Borrowed::new(ring) {
        Ok(_borrowed) => work(),
        Err(errno @ errno::EDQUOT) => Err(quota(errno)),
        Err(_) => Err(first),
    }
}

/// The thread's keyring of a name.
fn find_keyring(name: &str) -> Option<Serial> {
    keyctl::search(THREAD, c"keyring", &rules::c_string(name).ok()?).ok()
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if self.linked {
            // There it was linked; should somebody have taken it out, so much the better.
            keyctl::unlink(self.id, THREAD).unwrap_or_default();
        }
    }
}
