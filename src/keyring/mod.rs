//! Keys that the process never sees: the kernel's keyrings, as far as ciphers need them.
//!
//! What is kept here is a number and names. The bytes go from the caller's buffer into the kernel
//! (`add_key`) and from its keyring into its cipher (`kernel`), and come back from neither.

mod borrow;
mod cipher;
mod listing;
mod name;
mod refusal;
mod ring;
mod rules;

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use borrow::{Borrowed, once_more};
pub use cipher::{explain_use, keeps_changing, unknown_to_userspace};
use name::Name;
use refusal::{Deed, explain};
pub use ring::Ring;

use crate::error::{Errno, Error, KeyFault, Result};
use crate::key::Serial;
use crate::span::In;
pub use crate::sys::keyctl::Special;
use crate::sys::{self, errno, keyctl};

/// A key of the kernel's: its serial, and what it is called.
#[derive(Debug)]
pub struct KeyringKey {
    serial: Serial,
    named: Option<Named>,
    /// Where it was found or added by name: by way of that it can be possessed.
    ring: Option<Ring>,
    /// When this object has set it to end, in seconds since 1970; 0: it has not. /proc/keys rounds.
    ends: AtomicU64,
}

/// Type and description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `user`, `logon`, `encrypted`, `trusted`; or what AF_ALG does not take.
    pub kind: String,
    /// What its owner called it.
    pub description: String,
}

impl Named {
    fn new(kind: &str, description: &str) -> Self {
        Self { kind: kind.to_owned(), description: description.to_owned() }
    }
}

/// What keyctl tells of a key that a process may view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Type and description.
    pub named: Named,
    /// Whose it is.
    pub user: u32,
    /// Its group.
    pub group: u32,
    /// Who may do what: four bytes, from possessor to others.
    pub permissions: u32,
}

impl Facts {
    /// `logon;1000;1000;3d010000;svc:disk`
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.splitn(5, ';');
        let kind = parts.next()?.to_owned();
        let (user, group) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let permissions = u32::from_str_radix(parts.next()?, 16).ok()?;
        let named = Named { kind, description: parts.next()?.to_owned() };
        Some(Self { named, user, group, permissions })
    }

    /// Asks the kernel.
    pub(self) fn of(key: Serial) -> Result<Self, Errno> {
        keyctl::describe(key).and_then(|line| Self::parse(&line).ok_or(errno::EIO))
    }
}

impl KeyringKey {
    /// The key of a serial.
    ///
    /// # Errors
    /// That there is none, or that it has ended. One that may not be viewed may still be used: it
    /// goes without names.
    pub fn of(serial: Serial) -> Result<Self> {
        rules::check_serial(serial)?;
        let named = match Facts::of(serial) {
            Ok(facts) => Some(facts.named),
            Err(errno::EACCES) => None,
            Err(errno) => return Err(explain(errno, &Deed::View(serial))),
        };
        Ok(Self { serial, named, ring: None, ends: AtomicU64::new(0) })
    }

    /// Looks for a key in a keyring and those that it links; `None`: in those that the process has.
    ///
    /// # Errors
    /// That it is not there, or has ended.
    pub fn find(kind: &str, description: &str, ring: Option<Ring>) -> Result<Self> {
        rules::check_names(kind, description)?;
        let name = Name { kind: &rules::c_string(kind)?, text: &rules::c_string(description)? };
        let refused = |errno| explain(errno, &Deed::Find(kind, description, ring));
        let found = ring.map_or_else(|| name.in_own(), |ring| name.in_ring(ring));
        let key = Self::of(found.map_err(refused)?)?;
        Ok(Self { named: Some(Named::new(kind, description)), ring, ..key })
    }

    /// Adds a key, which ends after `seconds`; or gives the one of that name in that keyring new
    /// bytes. They are the caller's: nothing of them is copied here.
    ///
    /// # Errors
    /// Why the kernel does not take it; nothing has been added or changed then.
    pub fn add(
        kind: &str,
        description: &str,
        payload: In<'_>,
        ring: Ring,
        seconds: Option<u32>,
    ) -> Result<Self> {
        rules::check_new(kind, description, payload.len())?;
        rules::check_timeout(seconds)?;
        let name = Name { kind: &rules::c_string(kind)?, text: &rules::c_string(description)? };
        let refused = |errno| explain(errno, &Deed::Add(kind, description, ring));
        let place = Borrowed::to_write(ring).map_err(refused)?;
        let old = seconds.and_then(|_| name.directly_in(place.id));
        let key = |serial| Self {
            serial,
            named: Some(Named::new(kind, description)),
            ring: Some(ring),
            ends: AtomicU64::new(0),
        };
        if let Some(old) = old {
            key(old).set_timeout(seconds)?; // before anything is changed that cannot be undone
        }
        let added = keyctl::add_key(name.kind, name.text, payload, place.id);
        let serial = added.map_err(|errno| match errno {
            errno::EINVAL => refusal::malformed(kind, ring, name.directly_in(place.id)),
            _ => refused(errno),
        })?;
        let key = key(serial);
        let timed = seconds.map_or(Ok(()), |_| key.set_timeout(seconds));
        if timed.is_err() && old != Some(serial) {
            // Better no key than one that outlives what was asked for.
            keyctl::unlink(serial, place.id).unwrap_or_default();
        }
        timed.map(|()| key)
    }

    /// The key that a pickle was made of: the same names, in the same boot.
    ///
    /// # Errors
    /// That it is another key by now, or that it cannot be told.
    pub fn restore(
        serial: Serial,
        named: Option<&Named>,
        ring: Option<Ring>,
        boot: &str,
    ) -> Result<Self> {
        if boot_id()? != boot {
            return Err(refusal::of_another_boot(serial));
        }
        rules::check_serial(serial)?;
        let key = Self { serial, named: named.cloned(), ring, ends: AtomicU64::new(0) };
        let now = match (key.facts(), named) {
            (Ok(facts), _) => Some(facts.named),
            // Who may not view it may still find it.
            (Err(error), Some(Named { kind, description })) if error.lacks_permission() => {
                let found = ring.and_then(|ring| Self::find(kind, description, Some(ring)).ok());
                found.filter(|found| found.serial == serial).and_then(|found| found.named)
            }
            (Err(error), None) if error.lacks_permission() => None,
            (Err(error), _) => return Err(error),
        };
        if now.as_ref() == named {
            return Ok(key);
        }
        Err(refusal::another_key(serial, now.as_ref(), named))
    }

    /// The serial.
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// Type and description, where this process may view the key.
    pub const fn named(&self) -> Option<&Named> {
        self.named.as_ref()
    }

    /// The keyring that it was found in or added to by name.
    pub const fn ring(&self) -> Option<Ring> {
        self.ring
    }

    /// Does a work once more, possessing the keyring that was named, where possession may be what it
    /// lacked.
    ///
    /// # Errors
    /// The work's.
    pub fn possessed<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        match (work(), self.ring) {
            (Err(error), Some(ring)) if error.lacks_permission() => {
                let quota = |errno| explain(errno, &Deed::View(self.serial));
                once_more(ring, error, quota, work)
            }
            (done, _) => done,
        }
    }

    /// The same of a question whose refusal nobody has worded yet.
    fn ask<T>(&self, mut question: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
        match (question(), self.ring) {
            (Err(errno @ errno::EACCES), Some(ring)) => {
                once_more(ring, errno, |quota| quota, question)
            }
            (answer, _) => answer,
        }
    }

    /// What the kernel says of it now.
    ///
    /// # Errors
    /// That it has ended or may not be viewed.
    pub fn facts(&self) -> Result<Facts> {
        let facts = self.ask(|| Facts::of(self.serial));
        facts.map_err(|errno| explain(errno, &Deed::View(self.serial)))
    }

    /// When it ends; `None`: not by itself.
    ///
    /// # Errors
    /// That it has ended, or that it is not told.
    pub fn expires(&self) -> Result<Option<SystemTime>> {
        self.facts()?;
        let ends = self.ends.load(Ordering::Relaxed);
        let set = (ends > 0).then(|| UNIX_EPOCH + Duration::from_secs(ends));
        self.possessed(|| match listing::line_of(self.serial) {
            Some(listed) => Ok(listed.ends.at(SystemTime::now(), set)),
            None => Err(refusal::not_listed(self.serial)),
        })
    }

    /// Lets it end after so many seconds from now; `None`: not by itself.
    ///
    /// # Errors
    /// That it has ended, or may not be changed by this process.
    pub fn set_timeout(&self, seconds: Option<u32>) -> Result<()> {
        rules::check_timeout(seconds)?;
        let end = seconds.unwrap_or_default();
        self.change("set its timeout", "setattr", || keyctl::set_timeout(self.serial, end))?;
        let after = |seconds| {
            let end = SystemTime::now() + Duration::from_secs(u64::from(seconds));
            end.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
        };
        self.ends.store(seconds.map_or(0, after), Ordering::Relaxed);
        Ok(())
    }

    /// Says who may do what with it.
    ///
    /// # Errors
    /// That it has ended, or may not be changed by this process.
    pub fn set_permissions(&self, mask: u32) -> Result<()> {
        rules::check_permissions(mask)?;
        self.change("set its permissions", "setattr", || keyctl::set_permissions(self.serial, mask))
    }

    /// Makes it useless for everybody, at once and for good.
    ///
    /// # Errors
    /// That it has ended, or that this process may not.
    pub fn revoke(&self) -> Result<()> {
        self.change("revoke it", "write or setattr", || keyctl::revoke(self.serial))
    }

    /// Links it into a keyring, whose possessors then possess it.
    ///
    /// # Errors
    /// That it has ended, or that this process may not.
    pub fn link(&self, ring: Ring) -> Result<()> {
        let linked = Borrowed::to_write(ring)
            .and_then(|place| self.ask(|| keyctl::link(self.serial, place.id)));
        linked.map_err(|errno| explain(errno, &Deed::Link(self.serial, ring)))
    }

    /// Takes it out of a keyring; `None`: out of each of the process's own that has it. A key that
    /// is in no keyring is forgotten.
    ///
    /// # Errors
    /// That it is not there, or that this process may not.
    pub fn unlink(&self, ring: Option<Ring>) -> Result<()> {
        let Some(ring) = ring else { return self.unlink_from_own() };
        let place = Borrowed::by_id(ring);
        let unlinked = place.and_then(|place| keyctl::unlink(self.serial, place.id));
        unlinked.map_err(|errno| explain(errno, &Deed::Unlink(self.serial, Some(ring))))
    }

    fn unlink_from_own(&self) -> Result<()> {
        let tried = Ring::OWN.map(|ring| keyctl::unlink(self.serial, ring.serial()));
        if tried.iter().any(Result::is_ok) {
            return Ok(());
        }
        // Not there is the least of what was answered: it says nothing of the others.
        let telling = tried.into_iter().filter_map(Result::err);
        let worst = telling.max_by_key(|errno| ![errno::ENOENT, errno::ENOKEY].contains(errno));
        let errno = worst.unwrap_or(errno::ENOENT);
        Err(explain(errno, &Deed::Unlink(self.serial, None)))
    }

    fn change(
        &self,
        what: &'static str,
        needs: &'static str,
        work: impl Fn() -> Result<(), Errno>,
    ) -> Result<()> {
        self.ask(work)
            .map_err(|errno| explain(errno, &Deed::Change { key: self.serial, what, needs }))
    }
}

/// How much of its quota of keys this user has used: `"5 of 200 keys and 100 of 20000 bytes"`.
pub fn quota() -> Option<String> {
    listing::quota(sys::effective_user())
}

/// Asks the user's keyring, which every process has, for its name.
///
/// # Errors
/// What keyctl answered.
pub fn try_keyrings() -> Result<(), Errno> {
    keyctl::describe(Special::User.serial()).map(drop)
}

/// Serials begin anew with each boot; this tells which it is.
///
/// # Errors
/// That it cannot be read.
pub fn boot_id() -> Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map(|id| id.trim().to_owned()).map_err(|_| refusal::no_boot_id())
}

/// The keys that /proc/keys shows to this process, of the types that ciphers take.
///
/// # Errors
/// That it cannot be read, or that keyrings are denied.
pub fn listed() -> Result<Vec<KeyringKey>> {
    let mut keys = Vec::new();
    try_keyrings().map_err(|errno| explain(errno, &Deed::View(Special::User.serial())))?;
    for serial in listing::serials().ok_or_else(refusal::no_list)? {
        match KeyringKey::of(serial) {
            Ok(key) => keys.push(key),
            Err(error @ Error::Keyring { fault: KeyFault::Denied | KeyFault::NoKeyrings, .. }) => {
                return Err(error);
            }
            Err(_) => {} // it has ended since, or was never there: see `listing`
        }
    }
    keys.retain(|key| key.named.as_ref().is_some_and(|named| rules::TYPES.contains(&&*named.kind)));
    Ok(keys)
}
