//! A message in parts, whoever computes it.

use super::Provider;
use crate::error::{Error, Result};
use crate::kernel::{AfAlg, Message as KernelMessage};
use crate::request::Hook;
use crate::span::{In, Out};
use crate::userspace::Message as UserspaceMessage;

/// The place that a message has got to.
#[derive(Debug)]
pub enum Message {
    /// AF_ALG's.
    Kernel(KernelMessage<AfAlg>),
    /// This process's.
    Userspace(UserspaceMessage),
}

impl Message {
    /// Lets go of what the message holds: it has ended, or is lost.
    pub fn end(&mut self) {
        match self {
            Self::Kernel(message) => message.end(),
            Self::Userspace(message) => message.end(),
        }
    }

    /// Takes the next part of the message: whole chunks, but for the `last` part.
    ///
    /// # Errors
    /// What the kernel answered, or that a signal ended it; the message is then lost.
    pub fn advance(
        &mut self,
        provider: &Provider,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        match (self, provider) {
            (Self::Kernel(message), Provider::Kernel { cipher, .. }) => {
                message.advance(cipher, input, output, last, hook)
            }
            (
                Self::Userspace(message),
                Provider::Userspace { cipher, .. } | Provider::Kernel { twin: Some(cipher), .. },
            ) => message.advance(cipher, input, output, last, hook),
            _ => Err(Error::stream("this message is not of this Cipher's provider")),
        }
    }
}
