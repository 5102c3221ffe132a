//! Messages that have nothing to do with each other, in one call.

use super::Failure;
use super::spread::{of_use, run};
use crate::provider::Provider;
use crate::request::{Direction, Exchange, Fate, Hook};

/// Runs all of a list, which have been checked.
///
/// # Errors
/// The first one that failed; no output has anything of a result then.
pub fn crypt_many(
    provider: &Provider,
    direction: Direction,
    list: &mut [Exchange<'_>],
    threads: usize,
    hook: &mut Hook<'_>,
) -> Result<(), Failure> {
    let count = list.len();
    let threads = of_use(threads, count, list.iter().map(|one| one.input.len()).sum());
    let mut begun = 0;
    let mut source = list.iter_mut().map(|Exchange { index, iv, input, output, .. }| {
        begun += 1;
        Exchange {
            index: *index,
            iv: iv.clone(),
            input: *input,
            output: output.borrow(),
            fate: Fate::Waiting,
        }
    });
    let done = run(provider, direction, (&mut source, count), threads, hook);
    if done.as_ref().is_err_and(|failure| failure.error.may_wipe()) {
        // The others' memory may never have been touched: it is not asked for now.
        list.iter_mut().take(begun).for_each(|one| one.output.fill(0));
    }
    done
}
