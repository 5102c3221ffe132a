//! Keyrings by their usual names.

use std::fmt;

use crate::error::{Errno, Error, InputFault, Result};
use crate::key::Serial;
use crate::sys::keyctl::{self, Special};

/// A keyring to add to, or to look into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// One that threads, processes, sessions and users have.
    Special(Special),
    /// The user's, kept for days after the last session has ended.
    Persistent,
    /// Any other.
    Key(Serial),
}

const NAMES: [(&str, Ring); 6] = [
    ("thread", Ring::Special(Special::Thread)),
    ("process", Ring::Special(Special::Process)),
    ("session", Ring::Special(Special::Session)),
    ("user", Ring::Special(Special::User)),
    ("user-session", Ring::Special(Special::UserSession)),
    ("persistent", Ring::Persistent),
];

impl Ring {
    /// Those that the kernel looks into for a process (keyrings(7)), in its order. Its own question
    /// for all of them, `request_key`, does not say of a key that it has expired or was revoked.
    pub(super) const SEARCHED: [Special; 3] = [Special::Thread, Special::Process, Special::Session];

    /// Those that a process has without asking for them.
    pub(super) const OWN: [Special; 5] =
        [Special::Thread, Special::Process, Special::Session, Special::User, Special::UserSession];

    /// Reads a keyring's name.
    ///
    /// # Errors
    /// [`Error::Input`] for any other word.
    pub fn parse(word: &str) -> Result<Self> {
        NAMES.iter().find(|(name, _)| *name == word).map(|(_, ring)| *ring).ok_or_else(|| {
            let text = format!(
                "keyring is {word:?}, it must be \"thread\", \"process\", \"session\", \"user\", \
                 \"user-session\" or \"persistent\", or the serial of another one"
            );
            Error::input(InputFault::Argument, text)
        })
    }

    /// Sees that it is there, where it is made by writing to it.
    pub(super) fn to_write(self) -> Result<(), Errno> {
        if self == Self::Special(Special::Session) { have_session() } else { Ok(()) }
    }

    /// What is wrong with the keyring itself, where that is told.
    pub(super) fn fault(self) -> Option<Errno> {
        match self {
            Self::Persistent => None,
            Self::Special(special) => keyctl::describe(special.serial()).err(),
            Self::Key(serial) => keyctl::describe(serial).err(),
        }
    }

    /// Its name, if it has a usual one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, ring)| *ring == self).map(|(name, _)| *name)
    }
}

/// A process that was given no session keyring has its user's until it writes to it. Then the kernel
/// makes an empty one in its place, and whatever the process has found in the user's keyrings is not
/// its own any more. So the new one links what was there, much as logins do (pam_keyinit).
fn have_session() -> Result<(), Errno> {
    let has = keyctl::keyring_id(Special::Session.serial(), false)?;
    if has == keyctl::keyring_id(Special::UserSession.serial(), false)? {
        keyctl::keyring_id(Special::Session.serial(), true)?;
        keyctl::link(Special::UserSession.serial(), Special::Session.serial())?;
    }
    Ok(())
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.name()) {
            (Self::Key(serial), _) => write!(f, "keyring {serial}"),
            (_, name) => write!(f, "the {} keyring", name.unwrap_or("unnamed")),
        }
    }
}
