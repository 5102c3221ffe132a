//! The same key under another mode, for what goes past one request: cbc for cts, ctr for rfc3686.

use super::fault::Fault;
use super::keyed::Keyed;
use super::known_answer::trust;
use super::plan::{Cut, Plan};
use super::refusal::explain_key;
use super::request_loop::{Follow, Job, run};
use super::transport::Transport;
use crate::algorithm::Algorithm;
use crate::constraints::{Constraints, Continuation, Sibling};
use crate::error::{Refusal, Result, Stage};
use crate::key::Key;
use crate::keyring::keeps_changing;
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
    fn open(
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

/// How often a key that is given new bytes in the middle is taken anew.
const TRIES: usize = 8;

/// Gives a tfm its key, and its sibling the same one.
///
/// # Errors
/// What is wrong with the key, or that a sibling could not be tried.
pub(super) fn with_sibling<T: Transport>(
    process: &Process,
    transport: &T,
    tfm: T::Tfm,
    constraints: &Constraints,
    key: Key<'_>,
) -> Result<(Keyed<T>, Option<SiblingCipher<T>>)> {
    let limits = process.limits(Limits::read);
    let sizes = (constraints.sizes.chunk, constraints.sizes.iv);
    let given = (constraints.sizes.max_key > 0).then_some(key);
    let explain = |refusal| explain_key(transport, refusal, constraints, key);
    let name = match Sibling::name(&constraints.generic) {
        Some(name) if serves_as_sibling(process, transport, constraints, &name)? => Some(name),
        _ => None,
    };
    let mut bound = Some(tfm);
    for _ in 0..TRIES {
        let tfm = match bound.take() {
            Some(tfm) => tfm,
            None => Keyed::bind(transport, &constraints.algorithm).map_err(explain)?,
        };
        let own = Keyed::new(transport, tfm, given, sizes, limits).map_err(explain)?;
        let Some(name) = &name else { return Ok((own, None)) };
        let sibling = SiblingCipher::open(transport, constraints, name, key, limits);
        match (key, sibling.map_err(explain)?) {
            (Key::InKeyring(_), Some(sibling)) => {
                let same = have_same_key(constraints, &own, &sibling.keyed);
                if same.map_err(|fault| fault.explain(constraints))? {
                    return Ok((own, Some(sibling)));
                }
            }
            (_, sibling) => return Ok((own, sibling)),
        }
    }
    Err(keeps_changing(key, constraints))
}

/// Whether the algorithm that carries what this one cannot is served, and gives right answers: most
/// bytes of a stream are its.
fn serves_as_sibling<T: Transport>(
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

/// Whether cts and its cbc have the same key: between the two calls that set it, somebody may have
/// given a key of a keyring new bytes, and half of each long message would be under the old ones. A
/// single block is the same in both modes.
fn have_same_key<T: Transport>(
    constraints: &Constraints,
    own: &Keyed<T>,
    sibling: &Keyed<T>,
) -> Result<bool, Fault> {
    let block = constraints.sizes.block.min(MAX_IV);
    Ok(of_a_block(own, block)? == of_a_block(sibling, block)?)
}

/// What becomes of a block of zeros.
fn of_a_block<T: Transport>(keyed: &Keyed<T>, block: usize) -> Result<Iv, Fault> {
    let (zeros, mut result) = ([0; MAX_IV], [0; MAX_IV]);
    let input = In::from_slice(zeros.split_at(block).0);
    let iv = Iv::copy_of(input).unwrap_or(Iv::EMPTY);
    let mut op = keyed.take()?;
    let plan = Plan { cut: Cut::Never, limit: op.limit, len: block, ends: true };
    let output = Out::from_slice(result.split_at_mut(block).0);
    let request = Request { direction: Direction::Encrypt, iv: &iv, input, output };
    let job = Job { plan, follow: Follow::Unknown, begun: false, goes_on: false, request };
    run(keyed, &mut op, job, &mut || false)?;
    keyed.give_back(op);
    Ok(Iv::joined(&[&result]).unwrap_or(Iv::EMPTY))
}
