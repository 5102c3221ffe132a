//! What a refusal of the keyrings means, by what was asked of them.

use super::listing::{self, Listed};
use super::ring::Ring;
use super::{Facts, Named};
use crate::error::{Errno, Error, InputFault, KeyFault, Refusal, Stage};
use crate::key::Serial;
use crate::sys::{self, errno};

/// What was asked.
#[derive(Debug)]
pub(super) enum Deed<'a> {
    /// A key's names.
    View(Serial),
    /// To add a key of a type and a description to a keyring.
    Add(&'a str, &'a str, Ring),
    /// A key of a type and a description, in a keyring or all.
    Find(&'a str, &'a str, Option<Ring>),
    /// To take a key out of a keyring, or of all.
    Unlink(Serial, Option<Ring>),
    /// To link a key into a keyring.
    Link(Serial, Ring),
    /// To change a key: what, and the permission that it takes.
    Change {
        /// Which.
        key: Serial,
        /// What, after "may not".
        what: &'static str,
        /// The permission's name.
        needs: &'static str,
    },
}

impl Deed<'_> {
    const fn stage(&self) -> Stage {
        match self {
            Self::Add(..) => Stage::AddKey,
            _ => Stage::Keyctl,
        }
    }

    /// The keyrings that it is about.
    fn rings(&self) -> Vec<Ring> {
        match self {
            Self::Add(_, _, ring)
            | Self::Find(_, _, Some(ring))
            | Self::Unlink(_, Some(ring))
            | Self::Link(_, ring) => vec![*ring],
            Self::Find(_, _, None) => Ring::SEARCHED.map(Ring::Special).to_vec(),
            Self::Unlink(_, None) => Ring::OWN.map(Ring::Special).to_vec(),
            Self::View(_) | Self::Change { .. } => Vec::new(),
        }
    }

    /// One of them that answers so itself.
    fn ring_that_answers(&self, errno: Errno) -> Option<Ring> {
        self.rings().into_iter().find(|ring| ring.fault() == Some(errno))
    }

    /// The key that it is about.
    fn subject(&self) -> String {
        match self {
            Self::View(key)
            | Self::Link(key, _)
            | Self::Unlink(key, _)
            | Self::Change { key, .. } => told(*key),
            Self::Add(kind, description, _) | Self::Find(kind, description, _) => {
                format!("the {kind} key {description:?}")
            }
        }
    }
}

/// A key by serial and, where it may be viewed, by name. One that has ended is described by nobody,
/// but listed for a while.
pub(super) fn told(key: Serial) -> String {
    let listed = match Facts::of(key) {
        Ok(Facts { named: Named { kind, description }, .. }) => {
            return format!("key {key} ({kind} {description:?})");
        }
        // Of one that may not be viewed the list has nothing but what others pretend.
        Err(errno::EKEYEXPIRED | errno::EKEYREVOKED) => listing::line_of(key),
        Err(_) => None,
    };
    match listed {
        Some(Listed { kind, told, .. }) => format!("key {key} ({kind} {told:?})"),
        None => format!("key {key}"),
    }
}

pub(super) fn fault(fault: KeyFault, errno: Errno, text: String) -> Error {
    Error::Keyring { fault, errno, text }
}

/// Explains what keyctl or add_key answered.
pub(super) fn explain(errno: Errno, deed: &Deed<'_>) -> Error {
    match (errno, deed) {
        (errno::ENOSYS, _) => unavailable(errno, deed.stage()),
        (errno::EPERM, _) if super::try_keyrings().is_err() => unavailable(errno, deed.stage()),
        (errno::EPERM, _) => protected(errno, deed),
        (errno::EKEYEXPIRED | errno::EKEYREVOKED, _) => match deed.ring_that_answers(errno) {
            Some(ring) => ended_ring(errno, ring),
            None => ended(errno, &deed.subject()),
        },
        (errno::ENOKEY | errno::ENOENT, _) => missing(errno, deed),
        (errno::EACCES, _) => not_permitted(errno, deed),
        (errno::EDQUOT, _) => quota(errno),
        (errno::ENOTDIR, _) => no_keyring(deed),
        (errno::ENODEV, Deed::Add(kind, ..)) => no_type(errno, kind),
        (errno::EOPNOTSUPP, _) if deed.rings() == [Ring::Persistent] => fault(
            KeyFault::NoType,
            errno,
            "this kernel was built without persistent keyrings (CONFIG_PERSISTENT_KEYRINGS); use \
             \"user\", which stays as well"
                .into(),
        ),
        _ => other(errno, deed),
    }
}

fn other(errno: Errno, deed: &Deed<'_>) -> Error {
    let (stage, subject) = (deed.stage(), deed.subject());
    let text = format!("{} answered {} for {subject}", stage.name(), errno::describe(errno));
    Error::Kernel { refusal: Refusal { stage, errno }, text }
}

fn unavailable(errno: Errno, stage: Stage) -> Error {
    let (kind, why) = if errno == errno::ENOSYS {
        (KeyFault::NoKeyrings, "the kernel was built without CONFIG_KEYS, or a filter hides them")
    } else {
        (KeyFault::Denied, "a seccomp profile (the default one of container engines) forbids them")
    };
    let text = format!(
        "this process may not use the kernel's keyrings ({} answered {}): {why}; allow add_key and \
         keyctl there, or pass the key as bytes",
        stage.name(),
        errno::describe(errno)
    );
    fault(kind, errno, text)
}

fn protected(errno: Errno, deed: &Deed<'_>) -> Error {
    let (subject, told) = (deed.subject(), errno::describe(errno));
    let text = match deed.rings().as_slice() {
        [ring] => format!(
            "{ring} is restricted and does not take {subject}, or a policy of this process forbids \
             this call alone ({} answered {told}); name another keyring",
            deed.stage().name()
        ),
        _ => format!(
            "the kernel keeps {subject} as it is, or a policy of this process forbids the change \
             (keyctl answered {told})"
        ),
    };
    fault(KeyFault::NotPermitted, errno, text)
}

pub(super) fn ended(errno: Errno, subject: &str) -> Error {
    let (kind, what) = if errno == errno::EKEYEXPIRED {
        (KeyFault::Expired, "has expired: its timeout is over")
    } else {
        (KeyFault::Revoked, "was revoked: somebody who might has made it useless")
    };
    let text = format!(
        "{subject} {what}; add it anew (a Cipher that was made before keeps its own copy in the \
         kernel and goes on)"
    );
    fault(kind, errno, text)
}

/// It is the keyring that has ended, which a new key does not help.
fn ended_ring(errno: Errno, ring: Ring) -> Error {
    let (kind, what) = if errno == errno::EKEYEXPIRED {
        (KeyFault::Expired, "has expired")
    } else {
        (KeyFault::Revoked, "was revoked, as logging out does to a session's")
    };
    let text = format!(
        "{ring} {what}; name another one (keyring=\"user\"), or start a new session (keyctl session)"
    );
    fault(kind, errno, text)
}

fn missing(errno: Errno, deed: &Deed<'_>) -> Error {
    let text = match deed {
        Deed::Add(..) | Deed::Find(_, _, Some(_)) | Deed::Link(..)
            if let Some(ring) = deed.ring_that_answers(errno::ENOKEY) =>
        {
            format!("this process has not got {ring}; name another one")
        }
        Deed::Add("encrypted", ..) => {
            "the master key that the payload names is in no keyring of this process; add it first, \
             a user key under the description behind \"user:\""
                .into()
        }
        Deed::Add(_, _, ring) => format!("this process has not got {ring}; add to another one"),
        Deed::Find(_, _, ring) => {
            let place = match ring {
                Some(ring) => ring.to_string(),
                None => "the keyrings of this thread, process and session".into(),
            };
            format!(
                "{} is not in {place}, nor in what that links; look in another keyring, or have it \
                 added",
                deed.subject()
            )
        }
        Deed::Unlink(_, Some(ring)) => {
            format!("{} is not in {ring}; name the one it was added to", deed.subject())
        }
        Deed::Unlink(_, None) => format!(
            "{} is directly in no keyring of this process's own; name the one that it is in",
            deed.subject()
        ),
        Deed::View(key) | Deed::Link(key, _) | Deed::Change { key, .. } => no_such(*key),
    };
    fault(KeyFault::NotFound, errno, text)
}

pub(super) fn no_such(key: Serial) -> String {
    format!(
        "the kernel has no key {key}: it has ended and was collected, or nothing links it any \
         more, or it is another boot's; find it by its name, or add it"
    )
}

fn not_permitted(errno: Errno, deed: &Deed<'_>) -> Error {
    let subject = deed.subject();
    let text = match deed {
        Deed::Change { key, what, needs } => unchanged(&subject, *key, what, needs),
        Deed::Link(_, ring) => format!(
            "this process may not link it: {subject} gives it no permission link, or {ring} none to \
             write; have their owners permit it"
        ),
        Deed::Add(_, _, ring) => format!(
            "this process may not write to {ring}, or not give new bytes to {subject} that is in it"
        ),
        Deed::Find(_, _, Some(ring)) => format!(
            "this process may not search {ring}, or not {subject} that is in it; have its owner \
             permit it, or look elsewhere"
        ),
        Deed::Find(..) => {
            format!(
                "{subject} is there, but this process may not search it; have its owner permit it"
            )
        }
        Deed::Unlink(_, ring) => {
            let place = ring.map_or("a keyring of its own".into(), |ring| ring.to_string());
            format!("this process may not write to {place}, to take {subject} out of it")
        }
        Deed::View(_) => format!(
            "this process may not view {subject}: it is another user's, or no keyring of this \
             process leads to it; have its owner permit it"
        ),
    };
    fault(KeyFault::NotPermitted, errno, text)
}

fn unchanged(named: &str, key: Serial, what: &str, needs: &str) -> String {
    let facts =
        Facts::of(key).map_or_else(|_| String::new(), |facts| format!(" ({})", permitted(&facts)));
    if what == "set its permissions" {
        return format!(
            "this process may not {what}: {named} wants its owner for that, or CAP_SYS_ADMIN, and \
             the permission {needs}{facts}"
        );
    }
    format!(
        "this process may not {what}: {named} gives it no permission {needs}{facts}; find it by its \
         name in the keyring that has it, or have its owner permit it"
    )
}

pub(super) fn permitted(facts: &Facts) -> String {
    format!("it is user {}'s, with permissions {:#010x}", facts.user, facts.permissions)
}

fn quota(errno: Errno) -> Error {
    let user = sys::effective_user();
    let count = super::quota().map_or_else(String::new, |used| format!(" ({used})"));
    let text = format!(
        "user {user} may keep no more in the kernel's keyrings{count}; unlink keys that are not \
         needed, wait a moment where some have just been unlinked (they count until the kernel has \
         collected them), or raise kernel.keys.maxkeys and kernel.keys.maxbytes (for root \
         root_maxkeys and root_maxbytes)"
    );
    fault(KeyFault::Quota, errno, text)
}

fn no_type(errno: Errno, kind: &str) -> Error {
    let way_out = match kind {
        "encrypted" => "load its module (modprobe encrypted-keys), or use a logon key",
        "trusted" => {
            "it needs a TPM or a TEE, and its module (modprobe trusted); without one use an \
             encrypted or a logon key"
        }
        _ => "use a kernel that has it",
    };
    let text = format!("this kernel has no keys of type {kind} now; {way_out}");
    fault(KeyFault::NoType, errno, text)
}

/// What is passed for a keyring is a key.
fn no_keyring(deed: &Deed<'_>) -> Error {
    let what = deed.rings().first().map_or_else(|| "keyring".into(), Ring::to_string);
    Error::input(InputFault::Argument, format!("{what} is a key and no keyring; name one"))
}

/// The kernel does not take what a key is to be made of. `old`: the one of that name that is there; it
/// is changed by new bytes, where its type takes any.
pub(super) fn malformed(kind: &str, ring: Ring, old: Option<Serial>) -> Error {
    let text = match (kind, old) {
        ("encrypted" | "trusted", Some(old)) => format!(
            "{} is in {ring} already, and a key of type {kind} is not made anew by \"new\" or \
             \"load\"; find it, or unlink it first",
            told(old)
        ),
        ("encrypted", None) => "the kernel refuses this payload of an encrypted key, which is b\"new \
                                user:MASTER 32\" (MASTER: a user key's description; 20 to 4096 \
                                bytes) or b\"load …\" of what keyctl read, under the same master key"
            .into(),
        ("trusted", None) => "the kernel refuses this payload of a trusted key, which is b\"new 32\" \
                              (32 to 128 bytes) or b\"load …\" of what keyctl read on this machine"
            .into(),
        _ => "the kernel refuses this type, description or payload".into(),
    };
    Error::input(InputFault::Argument, text)
}

/// /proc/keys does not have a key that may be viewed.
pub(super) fn not_listed(key: Serial) -> Error {
    let text = format!(
        "{} is not in /proc/keys, which alone tells when a key ends, or another key's description \
         makes it appear twice: the file may be covered, as container engines do; set the timeout \
         anew to be sure of it",
        told(key)
    );
    fault(KeyFault::NotPermitted, errno::EACCES, text)
}

pub(super) fn no_list() -> Error {
    let text = "/proc/keys, which alone lists keys, cannot be read: it is covered, as container \
                engines do, or the kernel was built without CONFIG_KEYS; find keys by their names";
    fault(KeyFault::NotPermitted, errno::EACCES, text.into())
}

/// A pickle is older than the machine's last start.
pub(super) fn of_another_boot(key: Serial) -> Error {
    let text = format!(
        "key {key} was pickled in another boot of this machine, or on another machine; keys end \
         there: find it by its name, or add it anew"
    );
    fault(KeyFault::NotFound, errno::ENOKEY, text)
}

/// The serial is another key's than when it was pickled; or its names were to be seen by one side
/// alone, so that nobody can tell.
pub(super) fn another_key(key: Serial, now: Option<&Named>, then: Option<&Named>) -> Error {
    let seen = |named: Option<&Named>| match named {
        Some(Named { kind, description }) => format!("{kind} {description:?}"),
        None => "not to be viewed".into(),
    };
    let (was, is) = (seen(then), seen(now));
    let kind = if now.is_some() { KeyFault::NotFound } else { KeyFault::NotPermitted };
    let text = format!(
        "key {key} was {was} when it was pickled and is {is} here, so it may be another key; pass \
         its serial, or find it by its name"
    );
    let errno = if kind == KeyFault::NotFound { errno::ENOKEY } else { errno::EACCES };
    fault(kind, errno, text)
}

pub(super) fn no_boot_id() -> Error {
    let text = "/proc/sys/kernel/random/boot_id, which tells whether a serial still holds, cannot \
                be read; pass the serial itself";
    fault(KeyFault::NotPermitted, errno::EACCES, text.into())
}
