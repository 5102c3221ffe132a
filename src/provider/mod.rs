//! Who computes. A closed choice, made once when a cipher is made, and visible.

mod choice;
mod message;

pub use choice::{Choice, Fallback, select};
pub use message::Message;

use crate::constraints::{Constraints, Continuation};
use crate::error::Result;
use crate::kernel::{AfAlg, KernelCipher};
pub use crate::kernel::{is_available, on_main_thread, watch_forks};
use crate::request::{Direction, Hook, Iv, Request};
use crate::userspace::UserspaceCipher;

/// Up to this many bytes userspace is done before the GIL could have been given and taken back.
const SMALL: usize = 2048;

/// One algorithm with one key, wherever it is computed.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one to a Cipher, behind an Arc")]
pub enum Provider {
    /// AF_ALG.
    Kernel {
        /// The cipher.
        cipher: KernelCipher<AfAlg>,
        /// The same key in userspace, for messages that the mode cannot cut into kernel requests.
        twin: Option<UserspaceCipher>,
        /// Whether its driver gave a published answer before it was trusted.
        tried: bool,
    },
    /// This process.
    Userspace {
        /// The cipher.
        cipher: UserspaceCipher,
        /// Why the kernel does not compute, where it was asked first.
        instead: Option<Fallback>,
    },
}

impl Provider {
    /// `Cipher.provider`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kernel { .. } => "kernel",
            Self::Userspace { .. } => "userspace",
        }
    }

    /// Why userspace computes in the kernel's place, where it does.
    pub const fn instead(&self) -> Option<&Fallback> {
        match self {
            Self::Userspace { instead: Some(fallback), .. } => Some(fallback),
            _ => None,
        }
    }

    /// Why userspace computes a message of `len` bytes in the kernel's place, where only its
    /// length is why.
    pub fn too_long(&self, len: usize) -> Option<Fallback> {
        match self {
            Self::Kernel { cipher, twin: Some(_), .. } => match cipher.max_message() {
                Some(limit) if len > limit => {
                    Some(Fallback::too_long(cipher.constraints(), len, limit))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The twin, where a message of `len` bytes is its.
    fn twin_for(&self, len: usize) -> Option<&UserspaceCipher> {
        match self {
            Self::Kernel { cipher, twin: Some(twin), .. }
                if cipher.max_message().is_some_and(|limit| len > limit) =>
            {
                Some(twin)
            }
            _ => None,
        }
    }

    /// The algorithm's rules.
    pub fn constraints(&self) -> &Constraints {
        match self {
            Self::Kernel { cipher, .. } => cipher.constraints(),
            Self::Userspace { cipher, .. } => cipher.constraints(),
        }
    }

    /// How messages of `len` bytes go on.
    pub fn continuation(&self, len: usize) -> Continuation {
        match (self, self.twin_for(len)) {
            (_, Some(twin)) => twin.continuation(),
            (Self::Kernel { cipher, .. }, None) => cipher.continuation(),
            (Self::Userspace { cipher, .. }, None) => cipher.continuation(),
        }
    }

    /// The largest message in bytes, where there is one.
    pub fn max_message(&self) -> Option<usize> {
        match self {
            Self::Kernel { cipher, twin: None, .. } => cipher.max_message(),
            Self::Kernel { twin: Some(twin), .. } => twin.max_message(),
            Self::Userspace { cipher, .. } => cipher.max_message(),
        }
    }

    /// Whether a message of `len` bytes is not worth giving up the GIL for.
    pub const fn is_quick(&self, len: usize) -> bool {
        matches!(self, Self::Userspace { .. }) && len <= SMALL
    }

    /// Checks a whole message before anything is made for it: IV, length, counter, limit.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input).
    pub fn check(&self, direction: Direction, iv: &Iv, len: usize) -> Result<()> {
        let constraints = self.constraints();
        constraints.check_iv(Some(iv.bytes().len()))?;
        constraints.check_length(direction, len)?;
        constraints.check_counter(constraints.blocks_left(iv), len)?;
        self.check_limit(len)
    }

    /// Checks that a message which cannot be cut fits one request.
    ///
    /// # Errors
    /// [`InputFault::TooLong`](crate::error::InputFault::TooLong).
    pub fn check_limit(&self, len: usize) -> Result<()> {
        match self.max_message() {
            Some(limit) if len > limit => Err(self.constraints().too_long(len, limit)),
            _ => Ok(()),
        }
    }

    /// One whole message; checked first.
    ///
    /// # Errors
    /// Which rule the request breaks, or what the kernel answered.
    pub fn crypt(&self, mut request: Request<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        let len = request.input.len();
        self.check(request.direction, request.iv, len)?;
        self.constraints().check_buffers(&request)?;
        let output = request.output.borrow().part(0..len);
        let request = Request { output, ..request };
        match (self, self.twin_for(len)) {
            (_, Some(twin)) => twin.crypt(request, hook)?,
            (Self::Kernel { cipher, .. }, None) => cipher.crypt(request, hook)?,
            (Self::Userspace { cipher, .. }, None) => cipher.crypt(request, hook)?,
        }
        Ok(len)
    }

    /// Begins a message that comes in parts; each has been checked.
    pub fn begin(&self, direction: Direction, iv: &Iv) -> Message {
        match self {
            Self::Kernel { cipher, .. } => Message::Kernel(cipher.begin(direction, iv)),
            Self::Userspace { cipher, .. } => Message::Userspace(cipher.begin(direction, iv)),
        }
    }

    /// Begins a message anew that has grown to `len` bytes, all of them still held back; `None`
    /// where whoever has it can go on.
    pub fn begin_again(&self, direction: Direction, iv: &Iv, len: usize) -> Option<Message> {
        self.twin_for(len).map(|twin| Message::Userspace(twin.begin(direction, iv)))
    }
}
