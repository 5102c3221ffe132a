//! Long work is now and then asked to stop.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::process::generation;
use crate::request::Hook;

/// How often the hook is asked: in Python each asking takes the GIL.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many bytes are worked on between two looks at the clock: 20 ms of the slowest cipher, twofish.
pub(super) const STRIDE: usize = 64 * 1024;

/// Counts the work of one call.
pub(super) struct Pace<'h, 'a> {
    hook: &'h mut Hook<'a>,
    asked: Option<Instant>,
    unseen: usize,
    /// The fork generation that the work began in.
    begun: u32,
}

impl<'h, 'a> Pace<'h, 'a> {
    pub(super) fn new(hook: &'h mut Hook<'a>) -> Self {
        Self { hook, asked: None, unseen: 0, begun: generation() }
    }

    /// Notes that `bytes` are to be worked on.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the hook wants an end; [`Error::Forked`] where it forked, and this
    /// is the child.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<()> {
        self.unseen += bytes;
        if self.unseen < STRIDE {
            return Ok(());
        }
        self.unseen = 0;
        let asked = self.asked.get_or_insert_with(Instant::now);
        if asked.elapsed() < PATIENCE {
            return Ok(());
        }
        *asked = Instant::now();
        if (self.hook)() {
            return Err(Error::Interrupted);
        }
        if self.begun == generation() { Ok(()) } else { Err(Error::Forked) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hook_is_asked_when_its_time_has_come_and_not_before() {
        let mut asked = 0;
        let mut hook = || {
            asked += 1;
            asked == 2
        };
        let mut pace = Pace::new(&mut hook);
        let mut ends = Vec::new();
        for pause in [0, 0, 60, 0, 60] {
            std::thread::sleep(Duration::from_millis(pause));
            assert_eq!(pace.spend(STRIDE - 1), Ok(()));
            ends.push(pace.spend(1));
        }
        assert_eq!(ends, [Ok(()), Ok(()), Ok(()), Ok(()), Err(Error::Interrupted)]);
        assert_eq!(asked, 2);
    }
}
