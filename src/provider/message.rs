//! A message in parts, whoever computes it.

use super::Provider;
use crate::error::{Error, Result};
use crate::kernel::{Message as KernelMessage, TheKernel};
use crate::request::{Direction, Hook, Iv};
use crate::span::{In, Out};
use crate::userspace::Message as UserspaceMessage;

/// The place that a message has got to. In boxes: what moves a value moves its gaps too, and an IV of
/// before that lay on the stack there would come to a place which nobody wipes.
#[derive(Debug)]
pub enum Message {
    /// AF_ALG's.
    Kernel {
        /// Its place.
        message: Box<KernelMessage<TheKernel>>,
        /// How it began, where a twin may have to begin again.
        start: Option<Box<(Direction, Iv)>>,
    },
    /// This process's.
    Userspace(Box<UserspaceMessage>),
    /// Nobody's: it has ended, or is lost. What came next would be wrong bytes without an error.
    Over,
}

impl Message {
    pub(super) fn new(provider: &Provider, direction: Direction, iv: &Iv) -> Self {
        match provider {
            Provider::Kernel { cipher, twin, .. } => Self::Kernel {
                message: Box::new(cipher.begin(direction, iv)),
                start: twin.as_ref().map(|_| Box::new((direction, iv.clone()))),
            },
            Provider::Userspace { cipher, .. } => {
                Self::Userspace(Box::new(cipher.begin(direction, iv)))
            }
        }
    }

    /// Whether a twin would have to begin again to go on with it.
    pub const fn may_begin_again(&self) -> bool {
        matches!(self, Self::Kernel { start: Some(_), .. })
    }

    /// Lets go of what the message holds.
    pub fn end(&mut self) {
        *self = Self::Over;
    }

    /// Begins again in the twin, of a message of which nothing has been computed.
    pub fn begin_again(&mut self, provider: &Provider) {
        if let (Self::Kernel { start: Some(start), .. }, Some(twin)) = (&*self, provider.twin()) {
            let (direction, iv) = &**start;
            *self = Self::Userspace(Box::new(twin.begin(*direction, iv)));
        }
    }

    /// Takes the next part of the message: whole chunks, but for the `last` part.
    ///
    /// # Errors
    /// What the kernel answered, or that a signal ended it; the message is then lost. That it is too
    /// long, where a twin may begin again: nothing has been taken then.
    pub fn advance(
        &mut self,
        provider: &Provider,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        let done = self.step(provider, input, output, last, hook);
        let waits = matches!(&done, Err(error) if error.is_too_long() && self.may_begin_again());
        if (last || done.is_err()) && !waits {
            self.end();
        }
        done
    }

    fn step(
        &mut self,
        provider: &Provider,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        match (self, provider) {
            (Self::Kernel { message, .. }, Provider::Kernel { cipher, .. }) => {
                message.advance(cipher, input, output, last, hook)
            }
            (
                Self::Userspace(message),
                Provider::Userspace { cipher, .. } | Provider::Kernel { twin: Some(cipher), .. },
            ) => message.advance(cipher, input, output, last, hook),
            _ => Err(Error::stream("this message has ended, or was lost; begin a new one")),
        }
    }
}
