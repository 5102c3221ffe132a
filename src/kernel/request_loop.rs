//! Runs a plan over a transport: send a piece, receive its result, go on.
//!
//! Invariants, each with a test of the same number in `tests/rust`:
//! 1. The bytes pending on an op socket are at most its limit, so that a send never waits for us.
//! 2. Operation and IV go with the first piece and only there, always both; a first send that took
//!    less than the piece ends the request, since the kernel now holds it for the whole message
//!    (`ctx->more` is set only by a send that took all).
//! 3. A receive asks for exactly what is pending: asking for more would wait for ever.
//! 4. EINTR: ask the hook, go on with the same bytes. A short count goes on, a count of zero where
//!    bytes are due is an error, and so is more than was asked.
//! 5. After any error the op socket is closed. ENOMEM and ENOBUFS: once more on a fresh one with
//!    half the piece, where the place in the message is known.
//! 6. A key that was refused discards its tfm (`keyed.rs`).
//! 7. An op socket belongs to one process (`pool.rs`, `message.rs`).
//! 8. What was written before an error is wiped.

use std::time::{Duration, Instant};

use super::fault::Fault;
use super::keyed::Keyed;
use super::plan::{Cut, Piece, Plan};
use super::pool::Pooled;
use super::transport::Transport;
use crate::constraints::{Counter, NextIv};
use crate::error::Stage;
use crate::process;
use crate::request::{Direction, Hook, Iv, Request};
use crate::span::{In, Out, Overlap};
use crate::sys::errno;

/// How often the hook is asked between pieces.
const PATIENCE: Duration = Duration::from_millis(50);

/// How the IV moves on, where the library can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    /// By the rule of the mode, at chunks of so many bytes.
    Chain(NextIv, usize),
    /// By the counter, at chunks of so many bytes.
    Count(Counter, usize),
    /// Only the kernel knows, or there is nothing to follow.
    Unknown,
}

impl Follow {
    /// The last ciphertext block of a piece, where the next IV is that and `bytes`, which are
    /// what is ciphertext in the direction `when`, are it.
    fn tail(self, direction: Direction, when: Direction, bytes: In<'_>) -> Option<Iv> {
        match self {
            Self::Chain(NextIv::LastCiphertext, block) if direction == when => {
                Iv::copy_of(bytes.split_at(bytes.len().checked_sub(block)?).1)
            }
            _ => None,
        }
    }

    /// The IV behind `len` bytes from `iv` on.
    fn next(self, iv: &Iv, len: usize, tail: Option<Iv>) -> Option<Iv> {
        let blocks = |chunk| u64::try_from(len.div_ceil(chunk)).ok();
        let mut next = match self {
            Self::Unknown => return None,
            Self::Chain(NextIv::LastCiphertext, _) => return tail,
            _ => iv.clone(),
        };
        match self {
            Self::Chain(NextIv::BigEndianCounter, chunk) => {
                NextIv::add_big_endian(&mut next, blocks(chunk)?);
            }
            Self::Count(counter, chunk) => counter.advance(&mut next, blocks(chunk)?),
            _ => {}
        }
        Some(next)
    }
}

/// A message, or the part of it that goes through one tfm.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) plan: Plan,
    pub(super) follow: Follow,
    /// Whether the op socket is in the middle of the message.
    pub(super) begun: bool,
    /// Whether somebody goes on behind the last byte and needs its IV.
    pub(super) goes_on: bool,
    pub(super) request: Request<'a>,
}

/// How far a job has come.
struct Progress<'a> {
    /// Bytes done.
    done: usize,
    /// Bytes of the output that this try has written, which may be within a piece.
    written: usize,
    /// Bytes of the output that any try has written.
    touched: usize,
    /// The IV at `done`.
    iv: At<'a>,
    /// Whether the op socket has had operation and IV.
    begun: bool,
}

/// The IV of a place in a message.
enum At<'a> {
    /// The caller's: nothing has been done yet.
    Start(&'a Iv),
    /// One that was made for the place.
    Later(Iv),
    /// Only the kernel knows it, or nobody will ask.
    Unknown,
}

impl At<'_> {
    const fn known(&self) -> Option<&Iv> {
        match self {
            Self::Start(iv) => Some(iv),
            Self::Later(iv) => Some(iv),
            Self::Unknown => None,
        }
    }
}

/// Runs a job; gives the IV behind its last byte, where the library can tell.
///
/// On success the op socket is clean, or waits for the rest of a message that does not end with
/// this job. On an error it must not be used again; what was written is wiped.
pub(super) fn run<T: Transport>(
    keyed: &Keyed<T>,
    op: &mut Box<Pooled<T::Op>>,
    mut job: Job<'_>,
    hook: &mut Hook<'_>,
) -> Result<Option<Iv>, Fault> {
    let iv = if job.begun { At::Unknown } else { At::Start(job.request.iv) };
    let mut progress = Progress { done: 0, written: 0, touched: 0, iv, begun: job.begun };
    let end = pieces(keyed, op, &mut job, &mut progress, hook);
    if end.is_err_and(|fault| fault != Fault::Forked) {
        let touched = progress.touched.max(progress.written);
        job.request.output.borrow().part(0..touched).fill(0);
    }
    end.map(|()| progress.iv.known().cloned())
}

fn pieces<T: Transport>(
    keyed: &Keyed<T>,
    op: &mut Box<Pooled<T::Op>>,
    job: &mut Job<'_>,
    progress: &mut Progress<'_>,
    hook: &mut Hook<'_>,
) -> Result<(), Fault> {
    let mut second_try = false;
    let mut asked = None;
    check_fits(&job.plan, op.limit)?;
    while let Some(piece) = job.plan.piece(progress.done, progress.begun) {
        match step(keyed, op, job, piece, progress, hook) {
            Ok(()) => {}
            Err(fault) if fault.passes() && !second_try && can_resume(job, progress, fault) => {
                second_try = true;
                *op = keyed.fresh()?;
                check_fits(&job.plan, op.limit)?;
                job.plan.halve(piece.len, op.limit);
                progress.begun = false;
                progress.written = progress.done;
                continue;
            }
            Err(fault) => return Err(behind(keyed, job, progress.done, fault)),
        }
        if progress.done < job.plan.len && time_is_up(&mut asked) {
            ask(hook, op.generation)?;
        }
    }
    Ok(())
}

/// What cannot be cut must fit the op socket at hand, which may carry less than the first one did.
fn check_fits(plan: &Plan, limit: usize) -> Result<(), Fault> {
    if plan.cut == Cut::Never && plan.len > limit {
        return Err(Fault::TooLong { len: plan.len, limit });
    }
    Ok(())
}

/// Asks the hook. In Python it runs signal handlers, and one of them may fork: the op socket is
/// then the parent's, who goes on with it.
fn ask(hook: &mut Hook<'_>, generation: u32) -> Result<(), Fault> {
    if hook() {
        return Err(Fault::Interrupted);
    }
    if generation != process::generation() {
        return Err(Fault::Forked);
    }
    Ok(())
}

/// A piece can be sent again where its IV is known and its input still there: in place, a receive
/// that failed may have written over some of it.
fn can_resume(job: &Job<'_>, progress: &Progress<'_>, fault: Fault) -> bool {
    let untouched = progress.written == progress.done && fault.stage() != Some(Stage::Receive);
    let apart = job.request.input.overlap(&job.request.output) == Overlap::None;
    progress.iv.known().is_some() && (untouched || apart)
}

/// What was behind a first send that was cut short, where the kernel tells a count and keeps the
/// errno: the rest is offered to an op socket of its own, which has nothing to count first. Nobody
/// receives what it takes.
fn behind<T: Transport>(keyed: &Keyed<T>, job: &Job<'_>, done: usize, fault: Fault) -> Fault {
    let Fault::Count { stage: Stage::Send, asked, got } = fault else { return fault };
    if got == 0 || got >= asked {
        return fault;
    }
    let rest = job.request.input.part(done + got..done + asked);
    let head = Some((job.request.direction, job.request.iv));
    let answer = keyed.fresh().map(|mut op| keyed.transport.send(&mut op.op, head, rest, false));
    match answer {
        Ok(Err(errno)) if errno != errno::EINTR => Fault::refused(Stage::Send, errno),
        _ => fault,
    }
}

/// Whether the hook is due: the clock starts behind the first piece.
fn time_is_up(asked: &mut Option<Instant>) -> bool {
    let last = *asked.get_or_insert_with(Instant::now);
    let due = last.elapsed() >= PATIENCE;
    if due {
        *asked = Some(Instant::now());
    }
    due
}

/// One piece: out, back, and the IV behind it.
fn step<T: Transport>(
    keyed: &Keyed<T>,
    op: &mut Pooled<T::Op>,
    job: &mut Job<'_>,
    piece: Piece,
    progress: &mut Progress<'_>,
    hook: &mut Hook<'_>,
) -> Result<(), Fault> {
    let range = progress.done..progress.done + piece.len;
    let (direction, input) = (job.request.direction, job.request.input.part(range.clone()));
    let head = match progress.iv.known() {
        Some(iv) if piece.head => Some((direction, iv)),
        _ => None,
    };
    send(keyed, op, head, input, piece.more, hook)?;
    progress.begun = true;
    // Read behind the send, which has found the pages there: a page of a file that was cut short is
    // EFAULT to the kernel and SIGBUS to us.
    let follow = if job.goes_on || range.end < job.plan.len { job.follow } else { Follow::Unknown };
    // In place, the receive overwrites what the next IV needs.
    let input_tail = follow.tail(direction, Direction::Decrypt, input);
    let mut output = job.request.output.borrow().part(range);
    let chained = matches!(job.plan.cut, Cut::Chained { .. });
    if let Err(fault) = receive(keyed, op, output.borrow(), chained, &mut progress.written, hook) {
        // Of pages that are gone (EFAULT) nothing was written, and wiping them would be SIGBUS.
        if matches!(fault, Fault::Refused(refusal) if refusal.errno != errno::EFAULT) {
            let end = progress.done + piece.len; // how far it got, it does not say
            progress.touched = progress.touched.max(end);
        }
        return Err(fault);
    }
    progress.done += piece.len;
    let output_tail = follow.tail(direction, Direction::Encrypt, output.as_in());
    let tail = input_tail.or(output_tail);
    let next = progress.iv.known().and_then(|iv| follow.next(iv, piece.len, tail));
    progress.iv = next.map_or(At::Unknown, At::Later);
    Ok(())
}

fn send<T: Transport>(
    keyed: &Keyed<T>,
    op: &mut Pooled<T::Op>,
    head: Option<(Direction, &Iv)>,
    data: In<'_>,
    more: bool,
    hook: &mut Hook<'_>,
) -> Result<(), Fault> {
    let mut sent = 0;
    while sent < data.len() {
        let rest = data.split_at(sent).1;
        let head = if sent == 0 { head } else { None };
        match keyed.transport.send(&mut op.op, head, rest, more) {
            Ok(count) if count == rest.len() => return Ok(()),
            Ok(count) if count == 0 || count > rest.len() || head.is_some() => {
                return Err(Fault::Count { stage: Stage::Send, asked: rest.len(), got: count });
            }
            Ok(count) => sent += count,
            Err(errno::EINTR) => ask(hook, op.generation)?,
            Err(errno) => return Err(Fault::refused(Stage::Send, errno)),
        }
    }
    Ok(())
}

/// `chained`: whether the kernel goes on with the IV where a short count leaves off.
fn receive<T: Transport>(
    keyed: &Keyed<T>,
    op: &mut Pooled<T::Op>,
    mut out: Out<'_>,
    chained: bool,
    written: &mut usize,
    hook: &mut Hook<'_>,
) -> Result<(), Fault> {
    let mut received = 0;
    while received < out.len() {
        let mut rest = out.borrow().split_at(received).1;
        match keyed.transport.receive(&mut op.op, &mut rest) {
            Ok(count) if count > rest.len() || count == 0 => {
                *written += count.min(rest.len());
                return Err(Fault::Count { stage: Stage::Receive, asked: rest.len(), got: count });
            }
            Ok(count) => {
                received += count;
                *written += count;
                let whole = received == out.len() || received % keyed.chunk == 0;
                if !(whole && (chained || received == out.len())) {
                    let (asked, got) = (out.len(), received);
                    return Err(Fault::Count { stage: Stage::Receive, asked, got });
                }
            }
            Err(errno::EINTR) => ask(hook, op.generation)?,
            Err(errno) => return Err(Fault::refused(Stage::Receive, errno)),
        }
    }
    Ok(())
}
