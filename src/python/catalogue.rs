//! `afalg.algorithms` and `afalg.info`: facts in, the frozen dataclass of afalg/catalogue.py out.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyRange, PyTuple};

use super::PROCESS;
use super::detach::detached;
use super::options;
use crate::algorithm::{AlgType, Algorithm};
use crate::catalogue::{self, AlgorithmInfo, OpenTo};
use crate::constraints::{Continuation, KeySizes};
use crate::error::{Error, InputFault};

/// List what this machine is known to have, by type and name; nothing is asked or loaded.
///
/// That is what /proc/crypto lists now (of several drivers the one that serves), and what
/// userspace has. The kernel makes a mode such as "xts(aes)" and lists it only once
/// somebody binds it: so "kernel" may be missing in ``providers`` of one that ``info`` then
/// finds there, and ``reason``, ``open_to`` and ``max_message`` are always None. What this
/// package refuses ("ecb(arc4)") is not in it.
///
/// Args:
///     type: one of AF_ALG's types; None: all four, though this package computes
///         skciphers alone.
///
/// Raises:
///     InvalidInputError: ``type`` is no such.
#[pyfunction]
#[pyo3(signature = (r#type = None))]
pub(super) fn algorithms<'py>(
    py: Python<'py>,
    #[pyo3(from_py_with = options::kind)] r#type: Option<&str>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let wanted = r#type.map(alg_type).transpose()?;
    let all = py.detach(catalogue::algorithms);
    let wanted = all.iter().filter(|info| wanted.is_none_or(|kind| kind == info.kind));
    wanted.map(|info| object(py, info)).collect()
}

/// Bind an algorithm without a key, to find out what it asks and who may use it now.
///
/// The kernel loads its modules for that, like for a Cipher, and tests it if it is new.
///
/// Args:
///     algorithm: its name, of any type: "xts(aes)", "sha256"; or a driver's.
///
/// Returns:
///     What /proc/crypto says of the driver that serves, and what was answered. Where the
///     kernel refuses and userspace serves, ``reason`` says why.
///
/// Raises:
///     UnavailableError: nobody serves it, for this process cannot open an AF_ALG socket
///         or the kernel serves nothing of its type.
///     AlgorithmNotFoundError: nobody has it.
///     AlgorithmRestrictedError: the kernel keeps it from this process.
///     SelfTestError: it failed the kernel's own test.
///     InvalidInputError: the name is empty, too long or refused.
///     KernelError: another refusal, such as too many open files.
#[pyfunction]
#[pyo3(signature = (algorithm, /))]
pub(super) fn info<'py>(
    py: Python<'py>,
    #[pyo3(from_py_with = options::algorithm)] algorithm: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let algorithm = Algorithm::new(algorithm)?;
    object(py, &detached(py, |_| catalogue::info(&PROCESS, &algorithm))?)
}

fn alg_type(word: &str) -> PyResult<AlgType> {
    AlgType::ALL.into_iter().find(|kind| kind.name() == word).ok_or_else(|| {
        let text = format!(
            "type is {word:?}, it must be \"skcipher\", \"aead\", \"hash\", \"rng\" or None"
        );
        Error::input(InputFault::Argument, text).into()
    })
}

fn object<'py>(py: Python<'py>, info: &AlgorithmInfo) -> PyResult<Bound<'py, PyAny>> {
    let facts = PyDict::new(py);
    facts.set_item("name", info.algorithm.as_str())?;
    facts.set_item("type", info.kind.name())?;
    let kernel = info.in_kernel.then_some("kernel");
    let providers = kernel.into_iter().chain(info.beside.map(|other| other.provider));
    facts.set_item("providers", PyTuple::new(py, providers.collect::<Vec<_>>())?)?;
    facts.set_item("reason", info.reason)?;
    facts.set_item("open_to", info.open_to.map(OpenTo::name))?;
    facts.set_item("constant_time", info.beside.map(|other| other.constant_time))?;
    facts.set_item("continuation", info.continuation.map(Continuation::name))?;
    facts.set_item("max_message", info.max_message)?;
    if let Some(entry) = &info.entry {
        facts.set_item("driver", &entry.driver)?;
        facts.set_item("module", &entry.module)?;
        facts.set_item("priority", entry.priority)?;
        facts.set_item(
            "self_test",
            entry.tested.map(|tested| if tested { "passed" } else { "unknown" }),
        )?;
        facts.set_item("block_size", entry.block)?;
        facts.set_item("iv_size", entry.iv)?;
        facts.set_item("max_tag_size", entry.max_tag)?;
        facts.set_item("digest_size", entry.digest)?;
        facts.set_item("seed_size", entry.seed)?;
    }
    if let Some(rules) = &info.constraints {
        facts.set_item("block_size", rules.sizes.block)?;
        facts.set_item("chunk_size", rules.sizes.chunk)?;
        facts.set_item("iv_size", rules.sizes.iv)?;
        facts.set_item("key_sizes", key_sizes(py, &rules.keys)?)?;
    }
    py.import("afalg.catalogue")?.getattr("AlgorithmInfo")?.call((), Some(&facts))
}

fn key_sizes<'py>(py: Python<'py>, sizes: &KeySizes) -> PyResult<Bound<'py, PyAny>> {
    match sizes {
        KeySizes::Of(list) => Ok(PyTuple::new(py, list)?.into_any()),
        KeySizes::Between(min, max) => {
            let end = max.saturating_add(1);
            Ok(py.get_type::<PyRange>().call1((*min, end))?)
        }
    }
}
