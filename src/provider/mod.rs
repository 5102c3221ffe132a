//! Who computes. A closed choice, made once when a cipher is made, and visible.

mod choice;
mod message;

pub use choice::{Choice, Fallback, GivenKey, select};
pub use message::Message;

use crate::constraints::{Constraints, Continuation};
use crate::error::Result;
use crate::kernel::{KernelCipher, TheKernel};
pub use crate::kernel::{is_available, on_main_thread, watch_forks, without_remnants};
use crate::request::{Direction, Exchange, Fate, Hook, Iv, Request};
use crate::userspace::UserspaceCipher;

/// Up to this many bytes userspace computes with the GIL held. To give it away and take it back costs
/// 70 ns, a seventh of the time of as much AES-CTR; the slowest cipher, twofish, holds it for 0.7 ms
/// then, a seventh of what Python lets a thread have it for (`sys.getswitchinterval`).
const QUICK: usize = 2048;

/// One algorithm with one key, wherever it is computed.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one to a Cipher, behind an Arc")]
pub enum Provider {
    /// AF_ALG.
    Kernel {
        /// The cipher.
        cipher: KernelCipher<TheKernel>,
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

/// One provider's cipher.
#[derive(Clone, Copy)]
enum Side<'p> {
    Kernel(&'p KernelCipher<TheKernel>),
    Userspace(&'p UserspaceCipher),
}

impl<'p> Side<'p> {
    fn constraints(self) -> &'p Constraints {
        match self {
            Self::Kernel(cipher) => cipher.constraints(),
            Self::Userspace(cipher) => cipher.constraints(),
        }
    }

    fn continuation(self) -> Continuation {
        match self {
            Self::Kernel(cipher) => cipher.continuation(),
            Self::Userspace(cipher) => cipher.continuation(),
        }
    }

    fn max_message(self) -> Option<usize> {
        match self {
            Self::Kernel(cipher) => cipher.max_message(),
            Self::Userspace(cipher) => cipher.max_message(),
        }
    }

    fn crypt(self, request: Request<'_>, hook: &mut Hook<'_>) -> Result<()> {
        match self {
            Self::Kernel(cipher) => cipher.crypt(request, hook),
            Self::Userspace(cipher) => cipher.crypt(request, hook),
        }
    }
}

impl Provider {
    /// Whom it was made for.
    const fn own(&self) -> Side<'_> {
        match self {
            Self::Kernel { cipher, .. } => Side::Kernel(cipher),
            Self::Userspace { cipher, .. } => Side::Userspace(cipher),
        }
    }

    const fn twin(&self) -> Option<&UserspaceCipher> {
        match self {
            Self::Kernel { twin, .. } => twin.as_ref(),
            Self::Userspace { .. } => None,
        }
    }

    /// The limit that a message of `len` bytes is beyond, and the twin that takes it.
    fn beyond(&self, len: usize) -> Option<(usize, &UserspaceCipher)> {
        let limit = self.own().max_message().filter(|limit| len > *limit)?;
        Some((limit, self.twin()?))
    }

    /// Who computes a message of `len` bytes.
    fn side(&self, len: usize) -> Side<'_> {
        self.beyond(len).map_or(self.own(), |(_, twin)| Side::Userspace(twin))
    }

    /// Why userspace computes a message of `len` bytes in the kernel's place, where only its
    /// length is why.
    pub fn too_long(&self, len: usize) -> Option<Fallback> {
        self.beyond(len).map(|(limit, _)| Fallback::too_long(self.constraints(), len, limit))
    }

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

    /// The algorithm's rules: a twin's are the same.
    pub fn constraints(&self) -> &Constraints {
        self.own().constraints()
    }

    /// How messages of `len` bytes go on.
    pub fn continuation(&self, len: usize) -> Continuation {
        self.side(len).continuation()
    }

    /// The largest message in bytes, where there is one.
    pub fn max_message(&self) -> Option<usize> {
        self.own().max_message().filter(|_| self.twin().is_none())
    }

    /// Whether a message of `len` bytes is not worth giving up the GIL for.
    pub const fn is_quick(&self, len: usize) -> bool {
        matches!(self, Self::Userspace { .. }) && len <= QUICK
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

    /// Checks a whole message and its buffers.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input).
    pub fn check_request(&self, request: &Request<'_>) -> Result<()> {
        self.check(request.direction, request.iv, request.input.len())?;
        self.constraints().check_buffers(request)
    }

    /// One whole message; checked first.
    ///
    /// # Errors
    /// Which rule the request breaks, or what the kernel answered. That it is too long, where there
    /// is a twin: an op socket of today takes less than that of then. It has taken nothing, and
    /// [`too_long`](Self::too_long) knows from now on, so that the next try is the twin's.
    pub fn crypt(&self, request: Request<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        self.check_request(&request)?;
        self.crypt_checked(request, hook)
    }

    /// The same, of a request that was checked.
    ///
    /// # Errors
    /// What the kernel answered, or that the message is too long, as above.
    pub fn crypt_checked(&self, mut request: Request<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        let len = request.input.len();
        let output = request.output.borrow().part(0..len);
        let request = Request { output, ..request };
        match self.beyond(len) {
            Some((_, twin)) => without_remnants(len, || twin.crypt(request, hook))?,
            None => self.own().crypt(request, hook)?,
        }
        Ok(len)
    }

    /// How many bytes of a message of `len` leave something on the caller's stack: what
    /// [`without_remnants`] wants to know. The kernel has a stack of its own, and a twin's work is
    /// wiped when it is done.
    pub const fn on_this_stack(&self, len: usize) -> usize {
        if matches!(self, Self::Kernel { .. }) { 0 } else { len }
    }

    /// Runs the requests of a group, which have been checked. What turns out to be too long for an op
    /// socket of today goes to the twin, where there is one.
    ///
    /// # Errors
    /// What the kernel answered, to the first one that is not done behind this.
    pub fn crypt_group(
        &self,
        direction: Direction,
        group: &mut [Exchange<'_>],
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        let Self::Kernel { cipher, twin, .. } = self else {
            return one_by_one(self.own(), direction, group, hook);
        };
        let Some(twin) = twin else { return cipher.crypt_group(direction, group, hook) };
        loop {
            for exchange in &mut *group {
                if self.beyond(exchange.input.len()).is_some() {
                    let one = std::slice::from_mut(exchange);
                    one_by_one(Side::Userspace(twin), direction, one, hook)?;
                }
            }
            match cipher.crypt_group(direction, group, hook) {
                Err(error) if error.is_too_long() => {} // it knows the limit from now on
                done => return done,
            }
        }
    }

    /// Begins a message that comes in parts; each has been checked.
    pub fn begin(&self, direction: Direction, iv: &Iv) -> Message {
        Message::new(self, direction, iv)
    }
}

/// Runs those requests of a group that are not done.
fn one_by_one(
    side: Side<'_>,
    direction: Direction,
    group: &mut [Exchange<'_>],
    hook: &mut Hook<'_>,
) -> Result<()> {
    for Exchange { iv, input, output, fate, .. } in group {
        if *fate != Fate::Done {
            let (input, output) = (*input, output.borrow());
            side.crypt(Request { direction, iv, input, output }, hook)?;
            *fate = Fate::Done;
        }
    }
    Ok(())
}
