//! The same key under another mode, for what goes past one request: cbc for cts, ctr for rfc3686.

use super::keyed::Keyed;
use super::known_answer::trust;
use super::plan::{Cut, Plan};
use super::request_loop::{Follow, Job, run};
use super::transport::Transport;
use crate::algorithm::Algorithm;
use crate::constraints::{Constraints, Continuation, Sibling};
use crate::error::{Refusal, Result, Stage};
use crate::key::Key;
use crate::process::{Limits, Process};
use crate::request::{Direction, Iv, MAX_IV, Request};
use crate::span::{In, Out};
use crate::sys::errno;

/// The same key in another tfm.
#[derive(Debug)]
pub(super) struct SiblingCipher<T: Transport> {
    pub(super) keyed: Keyed<T>,
    /// rfc3686's nonce, which its key ends with; empty for cts.
    pub(super) nonce: Iv,
}

impl<T: Transport> SiblingCipher<T> {
    /// `None` where this process may not bind it, or the key cannot be had in the other mode:
    /// messages are then one request.
    pub(super) fn open(
        transport: &T,
        constraints: &Constraints,
        name: &Algorithm,
        key: Key<'_>,
        limits: Limits,
    ) -> Result<Option<Self>, Refusal> {
        let Continuation::Sibling(kind) = constraints.continuation else { return Ok(None) };
        let (key, nonce, iv_size) = match (kind, key) {
            (Sibling::Cts, key) => (key, Iv::EMPTY, constraints.sizes.iv),
            (Sibling::Rfc3686, Key::Bytes(key)) => {
                let (key, nonce) = key.split_at(key.len().saturating_sub(4));
                let nonce = Iv::copy_of(nonce).unwrap_or(Iv::EMPTY);
                (Key::Bytes(key), nonce, constraints.sizes.chunk)
            }
            // Nobody can take the nonce off a key that nobody can read.
            (Sibling::Rfc3686, Key::InKeyring(_)) => return Ok(None),
        };
        let tfm = match Keyed::bind(transport, name) {
            Err(Refusal { stage: Stage::Bind, errno }) if errno != errno::ENOMEM => {
                return Ok(None);
            }
            bound => bound?,
        };
        let sizes = (constraints.sizes.chunk, iv_size);
        let keyed = Keyed::new(transport, tfm, Some(key), sizes, limits)?;
        Ok(Some(Self { keyed, nonce }))
    }
}

/// Whether the algorithm that carries what this one cannot is served, and gives right answers: most
/// bytes of a stream are its.
pub(super) fn serves_as_sibling<T: Transport>(
    process: &Process,
    transport: &T,
    constraints: &Constraints,
    name: &Algorithm,
) -> Result<bool> {
    if !matches!(constraints.continuation, Continuation::Sibling(_)) {
        return Ok(false);
    }
    match trust(process, transport, name) {
        Err(error) if error.reason().is_some() => Ok(false),
        answer => answer.map(|_| true),
    }
}

/// Sees that cts and its cbc have the same key: between the two calls that set it, somebody may have
/// given a key of a keyring new bytes, and half of each long message would be under the old ones. A
/// single block is the same in both modes.
pub(super) fn check_same_key<T: Transport>(
    constraints: &Constraints,
    own: &Keyed<T>,
    sibling: &Keyed<T>,
) -> Result<(), Refusal> {
    let block = constraints.sizes.block;
    let changed = Refusal { stage: Stage::SetKey, errno: errno::EAGAIN };
    match (of_a_block(own, block), of_a_block(sibling, block)) {
        (Some(one), Some(other)) if one == other => Ok(()),
        _ => Err(changed),
    }
}

/// What becomes of a block of zeros.
fn of_a_block<T: Transport>(keyed: &Keyed<T>, block: usize) -> Option<Iv> {
    let (zeros, mut result) = ([0; MAX_IV], [0; MAX_IV]);
    let input = In::from_slice(zeros.get(..block)?);
    let iv = Iv::copy_of(input)?;
    let mut op = keyed.take().ok()?;
    let plan = Plan { cut: Cut::Never, limit: op.limit, len: block, ends: true };
    let output = Out::from_slice(result.get_mut(..block)?);
    let request = Request { direction: Direction::Encrypt, iv: &iv, input, output };
    let job = Job { plan, follow: Follow::Unknown, begun: false, goes_on: false, request };
    run(keyed, &mut op, job, &mut || false).ok()?;
    keyed.give_back(op);
    Iv::joined(&[result.get(..block)?])
}
