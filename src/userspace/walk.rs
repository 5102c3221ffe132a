//! Taking a caller's bytes through the private buffer, a piece at a time.

use super::pace::{Pace, STRIDE};
use super::scratch::{PIECE, ROOM, Scratch, with_scratch, with_two};
use super::straight::SHORTEST;
use crate::error::{Error, Result};
use crate::span::{In, Out};

/// Lets `work` take `input` to `output` in strides, as long as it takes all of one, and gives how far it
/// got. What was written before an error is wiped.
///
/// # Errors
/// The pace's.
pub(super) fn straight(
    input: In<'_>,
    mut output: Out<'_>,
    pace: &mut Pace<'_, '_>,
    mut work: impl FnMut(In<'_>, Out<'_>) -> usize,
) -> Result<usize> {
    let mut done = 0;
    while input.len() - done >= SHORTEST {
        let range = done..input.len().min(done + STRIDE);
        if let Err(error) = pace.spend(range.len()) {
            return Err(wiped(error, output.part(0..done)));
        }
        let taken = work(input.part(range.clone()), output.borrow().part(range.clone()));
        done += taken;
        if taken < range.len() {
            break;
        }
    }
    Ok(done)
}

/// Shows `work` all of `input`: pieces of [`PIECE`] bytes, the last up to [`ROOM`].
///
/// # Errors
/// The pace's.
pub(super) fn read(
    input: In<'_>,
    pace: &mut Pace<'_, '_>,
    mut work: impl FnMut(&[u8]),
) -> Result<()> {
    with_scratch(input.len(), |buffer| {
        let mut rest = input;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(piece_of(rest.len()));
            pace.spend(piece.len())?;
            let data = buffer.first(piece.len());
            piece.copy_to(data);
            work(data);
            rest = after;
        }
        Ok(())
    })
}

/// Lets `work` change all of `input`, and tells it which piece is the last, on the way to `output`,
/// which may be in its place; and lends it a spare buffer. What was written before an error is wiped.
///
/// # Errors
/// The pace's.
pub(super) fn rewrite(
    input: In<'_>,
    mut output: Out<'_>,
    pace: &mut Pace<'_, '_>,
    mut work: impl FnMut(&mut [u8], bool, &mut Scratch<'_>),
) -> Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    with_two(input.len(), |buffer, spare| {
        let mut done = 0;
        while done < input.len() {
            let left = input.len() - done;
            let range = done..done + piece_of(left);
            if let Err(error) = pace.spend(range.len()) {
                return Err(wiped(error, output.part(0..done)));
            }
            let data = buffer.first(range.len());
            input.part(range.clone()).copy_to(data);
            work(data, range.len() == left, spare);
            done = range.end;
            output.borrow().part(range).copy_from(In::from_slice(data));
        }
        Ok(())
    })
}

/// Wipes what was written before an error; not in a child, whose parent goes on with it.
pub(super) fn wiped(error: Error, mut written: Out<'_>) -> Error {
    if error.may_wipe() {
        written.fill(0);
    }
    error
}

/// How much of what is left is taken at once. What comes last is more than two blocks, unless the
/// whole is not.
const fn piece_of(left: usize) -> usize {
    if left > ROOM { PIECE } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for the hook to be asked, when each piece takes a millisecond.
    const LONG: usize = 600 * 1024;

    #[test]
    fn pieces_are_all_of_the_input_and_the_last_is_told() {
        for len in [0, 1, PIECE, ROOM, ROOM + 1, ROOM + PIECE, 3 * PIECE + 40] {
            let input: Vec<_> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
            let (mut seen, mut again) = (Vec::new(), Vec::new());
            let (mut output, mut ends) = (vec![0; len], Vec::new());
            let mut hook = || false;
            let mut pace = Pace::new(&mut hook);
            read(In::from_slice(&input), &mut pace, |piece| seen.extend_from_slice(piece)).unwrap();
            assert!(seen == input);
            let out = Out::from_slice(&mut output);
            rewrite(In::from_slice(&input), out, &mut pace, |piece, last, _| {
                ends.push((piece.len(), last));
                again.extend_from_slice(piece);
                piece.fill(7);
            })
            .unwrap();
            assert!(again == input && output == vec![7; len]);
            let (last, before) = ends.split_last().unwrap_or((&(33, true), &[]));
            assert!(before.iter().all(|piece| *piece == (PIECE, false)));
            assert!(last.1 && (before.is_empty() || last.0 > 32) && last.0 <= ROOM);
        }
    }

    #[test]
    fn strides_end_where_one_is_not_taken_whole_and_what_an_interruption_leaves_is_wiped() {
        let (input, mut output) = (vec![1; LONG], vec![2; LONG]);
        let mut go = |hook: &mut dyn FnMut() -> bool, most: usize| {
            let mut strides = Vec::new();
            let (input, out) = (In::from_slice(&input), Out::from_slice(&mut output));
            let end = straight(input, out, &mut Pace::new(hook), |from, mut to| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                strides.push(from.len());
                to.copy_from(from);
                from.len().min(most)
            });
            (end, strides)
        };
        assert_eq!(go(&mut || true, 1024), (Ok(1024), vec![STRIDE]));
        let (end, strides) = go(&mut || true, STRIDE);
        let begun = strides.len() * STRIDE; // three, or fewer where the machine was busy
        assert!(end == Err(Error::Interrupted) && begun > 0 && begun < LONG);
        assert!(output.iter().take(begun).all(|byte| *byte == 0));
        assert!(output.iter().skip(begun).all(|byte| *byte == 2));
    }

    #[test]
    fn what_was_written_before_an_interruption_is_wiped() {
        let (input, mut output) = (vec![1; LONG], vec![2; LONG]);
        let mut hook = || true;
        let mut pace = Pace::new(&mut hook);
        let mut pieces = 0;
        let out = Out::from_slice(&mut output);
        let end = rewrite(In::from_slice(&input), out, &mut pace, |_, _, _| {
            pieces += 1;
            std::thread::sleep(std::time::Duration::from_millis(1));
        });
        assert_eq!(end, Err(Error::Interrupted));
        let (written, rest) = output.split_at(pieces * PIECE);
        assert!(!written.is_empty() && written.iter().all(|byte| *byte == 0));
        assert!(!rest.is_empty() && rest.iter().all(|byte| *byte == 2));
    }
}
