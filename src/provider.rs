//! Who computes. A closed choice, made once when a cipher is made, and visible.

use crate::algorithm::Algorithm;
use crate::constraints::{Constraints, Continuation};
use crate::error::{Error, InputFault, Result};
use crate::kernel::{AfAlg, KernelCipher, Message as KernelMessage};
pub use crate::kernel::{is_available, on_main_thread, watch_forks};
use crate::process::Process;
use crate::request::{Direction, Hook, Iv, Request};
use crate::span::{In, Out};

/// What the caller asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The package decides. Today that is the kernel.
    #[default]
    Auto,
    /// The kernel or an error.
    Kernel,
}

impl Choice {
    /// Reads a provider's name; `whence` says where it was written, for the error.
    ///
    /// # Errors
    /// [`Error::Input`] for any other word.
    pub fn parse(word: &str, whence: &str) -> Result<Self> {
        match word {
            "auto" => Ok(Self::Auto),
            "kernel" => Ok(Self::Kernel),
            other => Err(Error::input(
                InputFault::Argument,
                format!(
                    "{whence} is {other:?}, it must be \"auto\" or \"kernel\" (this version has \
                     no userspace provider yet)"
                ),
            )),
        }
    }
}

/// One algorithm with one key, wherever it is computed.
#[derive(Debug)]
pub enum Provider {
    /// AF_ALG.
    Kernel(KernelCipher<AfAlg>),
}

/// A message that comes in parts.
#[derive(Debug)]
pub enum Message {
    /// AF_ALG.
    Kernel(KernelMessage<AfAlg>),
}

/// Chooses a provider and gives it the key.
///
/// # Errors
/// Why nobody serves the algorithm, or what is wrong with the key.
pub fn select(
    process: &Process,
    choice: Choice,
    algorithm: &Algorithm,
    key: In<'_>,
) -> Result<Provider> {
    match choice {
        Choice::Auto | Choice::Kernel => {
            KernelCipher::open(process, &AfAlg, algorithm, key).map(Provider::Kernel)
        }
    }
}

impl Provider {
    /// `Cipher.provider`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kernel(_) => "kernel",
        }
    }

    /// `Cipher.reason`: why another provider serves than the one that was asked first.
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Kernel(_) => None,
        }
    }

    /// The algorithm's rules.
    pub fn constraints(&self) -> &Constraints {
        match self {
            Self::Kernel(cipher) => cipher.constraints(),
        }
    }

    /// How messages go on.
    pub fn continuation(&self) -> Continuation {
        match self {
            Self::Kernel(cipher) => cipher.continuation(),
        }
    }

    /// The largest message in bytes, where there is one.
    pub fn max_message(&self) -> Option<usize> {
        match self {
            Self::Kernel(cipher) => cipher.max_message(),
        }
    }

    /// Checks a whole message before anything is made for it: IV, length, counter, limit.
    ///
    /// # Errors
    /// [`Error::Input`].
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
    /// [`Error::Input`] with [`InputFault::TooLong`].
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
        match self {
            Self::Kernel(cipher) => cipher.crypt(request, hook)?,
        }
        Ok(len)
    }

    /// Begins a message that comes in parts; each has been checked.
    pub fn begin(&self, direction: Direction, iv: &Iv) -> Message {
        match self {
            Self::Kernel(cipher) => Message::Kernel(cipher.begin(direction, iv)),
        }
    }
}

impl Message {
    /// Lets go of what the message holds: it has ended, or is lost.
    pub fn end(&mut self) {
        match self {
            Self::Kernel(message) => message.end(),
        }
    }

    /// Takes the next part of the message: whole chunks, but for the `last` part.
    ///
    /// # Errors
    /// What the kernel answered; the message is then lost.
    pub fn advance(
        &mut self,
        provider: &Provider,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        match (self, provider) {
            (Self::Kernel(message), Provider::Kernel(cipher)) => {
                message.advance(cipher, input, output, last, hook)
            }
        }
    }
}
