//! What went wrong in the middle of a message, and the words for it.

use crate::constraints::Constraints;
use crate::error::{Errno, Error, Refusal, Stage};
use crate::sys::errno;

/// Why a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The hook asked for it.
    Interrupted,
    /// A system call was refused.
    Refused(Refusal),
    /// A system call moved another number of bytes than it had to.
    Count {
        /// Which.
        stage: Stage,
        /// How many were due.
        asked: usize,
        /// How many it said.
        got: usize,
    },
    /// The hook forked, and this is the child: the parent goes on with the message.
    Forked,
    /// The op socket in the middle of the message belongs to the process that forked.
    Parents,
    /// The message was lost, or had ended, before.
    Over,
    /// The op socket at hand carries less than the message, which cannot be cut.
    TooLong {
        /// The message's bytes.
        len: usize,
        /// What the op socket carries.
        limit: usize,
    },
}

impl Fault {
    pub(super) const fn refused(stage: Stage, errno: Errno) -> Self {
        Self::Refused(Refusal { stage, errno })
    }

    /// The system call that it came from.
    pub(super) const fn stage(&self) -> Option<Stage> {
        match self {
            Self::Refused(refusal) => Some(refusal.stage),
            Self::Count { stage, .. } => Some(*stage),
            Self::Interrupted
            | Self::Forked
            | Self::Parents
            | Self::Over
            | Self::TooLong { .. } => None,
        }
    }

    /// Whether a fresh op socket with smaller pieces may do better: the kernel's bookkeeping of an
    /// op socket (`net.core.optmem_max`) was full, or memory was short.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Refused(refusal) => {
                matches!(refusal.stage, Stage::Send | Stage::Receive)
                    && [errno::ENOMEM, errno::ENOBUFS].contains(&refusal.errno)
            }
            // A first send that was cut short: most often for want of memory half-way.
            Self::Count { stage: Stage::Send, asked, got } => *got > 0 && got < asked,
            _ => false,
        }
    }

    /// Fact, rule, way out.
    pub(super) fn explain(self, constraints: &Constraints) -> Error {
        let name = &constraints.algorithm;
        let served = match &constraints.driver {
            Some(driver) => format!("{name} (driver {driver})"),
            None => name.to_string(),
        };
        match self {
            Self::Interrupted => Error::Interrupted,
            Self::Forked => Error::Forked,
            Self::Parents => Error::stream(format!(
                "the process forked in the middle of this message of {name}, and only the \
                 parent's socket knows where it is; begin a new one in this process"
            )),
            Self::Over => Error::stream(format!(
                "this message of {name} failed half-way or has ended, and cannot go on; begin a \
                 new one"
            )),
            Self::TooLong { len, limit } => constraints.too_long(len, limit),
            Self::Count { stage, asked, got } => Error::Kernel {
                refusal: Refusal { stage, errno: errno::EIO },
                text: format!(
                    "{} moved {got} of {asked} bytes of {served} and says no more; the message \
                     was given up, the Cipher can be used again",
                    stage.name()
                ),
            },
            Self::Refused(refusal) => Error::Kernel { refusal, text: refused(refusal, &served) },
        }
    }
}

fn refused(Refusal { stage, errno }: Refusal, served: &str) -> String {
    if matches!(errno, errno::EBADF | errno::ENOTSOCK) {
        return format!(
            "the sockets of this Cipher of {served} were closed under it, and their descriptors \
             may be other files' by now ({}: {}): somebody closed what was not theirs, as daemons \
             do with os.closerange; make a new Cipher behind that",
            stage.name(),
            errno::describe(errno)
        );
    }
    format!(
        "{} answered {} for {served}; the message was given up, the Cipher can be used again{}",
        stage.name(),
        errno::describe(errno),
        way_out(errno)
    )
}

/// What helps against an error of the system, where something does.
pub(super) const fn way_out(errno: Errno) -> &'static str {
    match errno {
        errno::EMFILE => "; close Ciphers that are not needed, or raise the limit (ulimit -n)",
        errno::ENFILE => "; the whole system is out of file descriptors (fs.file-max)",
        errno::ENOMEM | errno::ENOBUFS => {
            "; the kernel is short of memory, or of net.core.optmem_max for the socket"
        }
        _ => "",
    }
}
