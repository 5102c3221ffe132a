//! What can go wrong, as facts.
//!
//! The text of an error is made where its fact is known: the fact, the rule, the way out. No
//! variant holds a key, an IV or data. `python/errors.rs` turns each into one Python exception.

use std::fmt;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error number of the system, as in `errno.h`. `sys` knows its name and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// `ECANCELED`: of a chain, what comes after a call that failed.
    pub const CANCELED: Self = Self(125);
}

/// The system call that an error came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `socket(AF_ALG)`.
    Socket,
    /// `bind` of the algorithm's name.
    Bind,
    /// `setsockopt(ALG_SET_KEY)`, or `ALG_SET_KEY_BY_KEY_SERIAL`.
    SetKey,
    /// `accept4` of an op socket.
    Accept,
    /// `sendmsg` of a piece.
    Send,
    /// `recvmsg` of its result.
    Receive,
    /// `add_key` to a keyring.
    AddKey,
    /// `keyctl`: all else that is asked of keyrings.
    Keyctl,
}

impl Stage {
    /// The stage's name in Python, `KernelError.stage`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Bind => "bind",
            Self::SetKey => "setkey",
            Self::Accept => "accept",
            Self::Send => "sendmsg",
            Self::Receive => "recvmsg",
            Self::AddKey => "add_key",
            Self::Keyctl => "keyctl",
        }
    }
}

/// A refused system call, before anybody has said what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which call.
    pub stage: Stage,
    /// What it answered.
    pub errno: Errno,
}

/// Why AF_ALG as a whole cannot be had: `UnavailableError.reason`, stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The kernel has no AF_ALG, or has it switched off.
    NoAfAlg,
    /// A security policy keeps this process from it.
    Denied,
    /// Nothing serves the algorithm's type.
    TypeMissing,
}

impl Unavailable {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoAfAlg => "no-af-alg",
            Self::Denied => "denied",
            Self::TypeMissing => "type-missing",
        }
    }
}

/// Which rule an input broke; decides the Python class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFault {
    /// A name or an option.
    Argument,
    /// The key.
    Key,
    /// The IV.
    Iv,
    /// A length, or the room for the result.
    Length,
    /// More than one kernel request can carry, in a mode that cannot go on.
    TooLong,
    /// Input and output overlap in part.
    Overlap,
}

/// Why a key of a kernel keyring cannot be had; decides the Python class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// There is none.
    NotFound,
    /// Its timeout is over.
    Expired,
    /// Somebody has revoked it.
    Revoked,
    /// Its permissions, or its keyring's, do not let this process.
    NotPermitted,
    /// The user has as many as it may.
    Quota,
    /// A policy keeps this process from keyrings as such.
    Denied,
    /// The kernel has no keyrings.
    NoKeyrings,
    /// The kernel lacks the type of key, or of keyring.
    NoType,
    /// AF_ALG takes no keys from keyrings here.
    TooOld,
    /// It has other bytes each time that it is taken.
    Changing,
}

impl KeyFault {
    /// `KeyringError.reason`, a stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::NotPermitted => "not-permitted",
            Self::Quota => "quota",
            Self::Denied => "denied",
            Self::NoKeyrings => "no-keyrings",
            Self::NoType => "type-missing",
            Self::TooOld => "too-old",
            Self::Changing => "changing",
        }
    }
}

/// Everything that can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// AF_ALG cannot be had at all.
    Unavailable {
        /// What `socket()` or `bind()` answered.
        errno: Errno,
        /// The stable code.
        reason: Unavailable,
        /// Fact, rule, way out.
        text: String,
    },
    /// The kernel has no such algorithm of this type.
    NotFound {
        /// The name that was asked for.
        algorithm: String,
        /// Fact, rule, way out.
        text: String,
    },
    /// `crypto.af_alg_restrict` keeps this process from the algorithm.
    Restricted {
        /// The name that was asked for.
        algorithm: String,
        /// Fact, rule, way out.
        text: String,
    },
    /// The kernel's own self-test of the algorithm failed.
    SelfTest {
        /// Fact, rule, way out.
        text: String,
    },
    /// The caller's input breaks a rule; nothing has been done.
    Input {
        /// Which rule.
        fault: InputFault,
        /// Fact, rule, way out.
        text: String,
    },
    /// A key of a kernel keyring cannot be had, or not changed.
    Keyring {
        /// Why.
        fault: KeyFault,
        /// What the kernel answered.
        errno: Errno,
        /// Fact, rule, way out.
        text: String,
    },
    /// There is no memory; nothing has been done.
    Memory {
        /// Fact, rule, way out.
        text: String,
    },
    /// The padding is wrong. One text for every fault, on purpose.
    Padding,
    /// The cipher was closed.
    Closed,
    /// The stream cannot go on.
    StreamState {
        /// Fact, rule, way out.
        text: String,
    },
    /// The hook forked, and this is the child: the parent goes on with the work, and with its
    /// buffers, which may be shared.
    Forked,
    /// The interrupt hook asked for an end (in Python: a signal handler raised).
    Interrupted,
    /// Whatever else the kernel answered.
    Kernel {
        /// Which call and what it answered.
        refusal: Refusal,
        /// Fact, rule, way out.
        text: String,
    },
}

impl Error {
    /// An input error with its text.
    pub fn input(fault: InputFault, text: impl Into<String>) -> Self {
        Self::Input { fault, text: text.into() }
    }

    /// A stream that cannot go on.
    pub fn stream(text: impl Into<String>) -> Self {
        Self::StreamState { text: text.into() }
    }

    /// The same refusal of AF_ALG, with what the next one says who was asked.
    #[must_use]
    pub fn and(mut self, next: &Self) -> Self {
        if let Self::Unavailable { text, .. }
        | Self::Restricted { text, .. }
        | Self::SelfTest { text } = &mut self
        {
            *text = format!("{text}; {next}");
        }
        self
    }

    /// Whether it is that one kernel request carries less than the message.
    pub const fn is_too_long(&self) -> bool {
        matches!(self, Self::Input { fault: InputFault::TooLong, .. })
    }

    /// Whether what was written before it may be wiped: not in a child, whose parent goes on.
    pub const fn may_wipe(&self) -> bool {
        !matches!(self, Self::Forked)
    }

    /// Whether it is that a key's permissions do not let this process.
    pub const fn lacks_permission(&self) -> bool {
        matches!(self, Self::Keyring { fault: KeyFault::NotPermitted, .. })
    }

    /// Why the kernel does not serve, as a stable code; `None` where it is about something else.
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Unavailable { reason, .. } => Some(reason.code()),
            Self::NotFound { .. } => Some("not-found"),
            Self::Restricted { .. } => Some("restricted"),
            Self::SelfTest { .. } => Some("self-test"),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable { text, .. }
            | Self::NotFound { text, .. }
            | Self::Restricted { text, .. }
            | Self::SelfTest { text }
            | Self::Input { text, .. }
            | Self::Keyring { text, .. }
            | Self::Memory { text }
            | Self::StreamState { text }
            | Self::Kernel { text, .. } => text,
            Self::Padding => {
                "the padding is not PKCS#7: wrong key, wrong iv, or not what was encrypted"
            }
            Self::Closed => "this Cipher is closed; make a new one",
            Self::Forked => {
                "the process forked in the middle of this call, and the parent goes on with it; \
                 call again in this process"
            }
            Self::Interrupted => "interrupted; the message was given up",
        })
    }
}

impl std::error::Error for Error {}
