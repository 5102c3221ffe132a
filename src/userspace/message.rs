//! A message in progress: where it has got to between the calls of a stream.

use super::UserspaceCipher;
use super::modes::Keyed;
use super::pace::Pace;
use super::walk::{rewrite, straight, wiped};
use crate::error::Result;
use crate::request::{Direction, Hook, Iv, Request};
use crate::span::{In, Out};

/// The place that a message has got to: an IV as its mode moves it on.
#[derive(Debug)]
pub struct Message {
    direction: Direction,
    iv: Iv,
}

impl Message {
    pub(super) fn new(cipher: &UserspaceCipher, direction: Direction, iv: &Iv) -> Self {
        let iv = match &cipher.keyed {
            Keyed::Parts(mode) => mode.begin(iv),
            Keyed::Whole(_) => iv.clone(),
        };
        Self { direction, iv }
    }

    /// Takes the next part of the message: whole chunks, but for the `last` part, and all of it
    /// where a message may not be cut.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::error::Error::Interrupted); the message is then lost, and
    /// what this call had written of the result is wiped.
    pub fn advance(
        &mut self,
        cipher: &UserspaceCipher,
        input: In<'_>,
        mut output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        let mut pace = Pace::new(hook);
        let (direction, iv) = (self.direction, &mut self.iv);
        match &cipher.keyed {
            Keyed::Parts(mode) => {
                let head = input.len() - if last { mode.tail(input.len()) } else { 0 };
                let done =
                    straight(input.part(0..head), output.borrow(), &mut pace, |from, to| {
                        mode.straight(direction, iv, from, to)
                    })?;
                let rest = input.part(done..input.len());
                let to = output.borrow().part(done..input.len());
                rewrite(rest, to, &mut pace, |data, ends, spare| {
                    if last && ends {
                        mode.finish(direction, iv, data, spare);
                    } else {
                        mode.crypt(direction, iv, data, spare);
                    }
                })
                .map_err(|error| wiped(error, output.part(0..done)))
            }
            Keyed::Whole(mode) => mode.crypt(Request { direction, iv, input, output }, &mut pace),
        }
    }
}
