//! Many messages in one call: one crossing from Python for all of them.

use std::collections::TryReserveError;

use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use super::buffer::{Fresh, InBuffer, OutBuffer, bytes_filled_by};
use super::detach::detached_unless;
use super::errors::{in_batch, is_ours};
use super::fallback::announced_all;
use super::options;
use crate::batch::{Failure, Units, crypt_many};
use crate::constraints::bytes;
use crate::provider::{Provider, without_remnants};
use crate::request::{Direction, Exchange, Fate, Hook, Iv, Request};
use crate::span::{Out, Overlap};

/// What one of many is called where it fails.
const REQUEST: &str = "request";
const UNIT: &str = "unit";

/// How many requests are taken between two looks for signals.
const SIGNALS: usize = 1 << 16;

/// A message, and its IV or None.
type Pair<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Messages with their IVs, each into a new `bytes`.
pub(super) fn many<'py>(
    py: Python<'py>,
    provider: &Provider,
    direction: Direction,
    requests: &Bound<'py, PyAny>,
    threads: usize,
) -> PyResult<Bound<'py, PyList>> {
    let pairs = all(py, requests.try_iter()?.enumerate().map(pair))?;
    let buffers = all(py, pairs.iter().enumerate().map(buffer))?;
    without_remnants(usize::MAX, || {
        let mut list = list(py, provider, direction, &pairs, &buffers)?;
        let fresh = |buffer: &InBuffer<'_, 'py>| Fresh::new(py, buffer.span().len());
        let mut results = all(py, buffers.iter().map(fresh))?;
        for (exchange, result) in list.iter_mut().zip(&mut results) {
            exchange.output = result.span();
        }
        let lengths = || buffers.iter().map(|buffer| buffer.span().len());
        let quick = provider.is_quick(lengths().sum());
        announced_all(py, provider, lengths().max().unwrap_or_default(), || {
            run(py, REQUEST, quick, |hook| {
                crypt_many(provider, direction, &mut list, threads, hook)
            })
        })?;
        drop(list);
        PyList::new(py, results.into_iter().map(Fresh::done))
    })
}

/// As many as there are, or MemoryError; signals are heard while they are taken.
fn all<T>(py: Python<'_>, items: impl Iterator<Item = PyResult<T>>) -> PyResult<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve(items.size_hint().0).map_err(no_memory)?;
    for item in items {
        if all.len() == all.capacity() {
            all.try_reserve(1).map_err(no_memory)?;
        }
        if all.len() % SIGNALS == 0 {
            py.check_signals()?;
        }
        all.push(item?);
    }
    Ok(all)
}

fn no_memory(_: TryReserveError) -> PyErr {
    PyMemoryError::new_err("there is no memory for so many requests; pass fewer at once")
}

fn pair((index, item): (usize, PyResult<Bound<'_, PyAny>>)) -> PyResult<Pair<'_>> {
    let item = item?;
    item.cast::<PyTuple>().ok().and_then(|pair| pair.extract().ok()).ok_or_else(|| {
        let kind = item.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        PyTypeError::new_err(format!(
            "request {index} is of type {kind}, it must be a tuple of two: data, and an iv or None"
        ))
    })
}

fn buffer<'a, 'py>((index, (data, _)): (usize, &'a Pair<'py>)) -> PyResult<InBuffer<'a, 'py>> {
    InBuffer::get(data, format_args!("request {index}: data"))
}

/// The requests, after all have been checked; none has a place for its result yet.
fn list<'a>(
    py: Python<'_>,
    provider: &Provider,
    direction: Direction,
    pairs: &[Pair<'_>],
    buffers: &'a [InBuffer<'_, '_>],
) -> PyResult<Vec<Exchange<'a>>> {
    let empty = |(index, buffer): (_, &'a InBuffer<'_, '_>)| {
        let (iv, input, output) = (Iv::EMPTY, buffer.span(), Out::from_slice(&mut []));
        Ok(Exchange { index, iv, input, output, fate: Fate::Waiting })
    };
    let mut list = all(py, buffers.iter().enumerate().map(empty))?;
    for (Exchange { index, iv, input, .. }, (_, object)) in list.iter_mut().zip(pairs) {
        let object = (!object.is_none()).then_some(object);
        let name = format_args!("request {index}: iv");
        options::read_iv(provider.constraints(), object, name, iv) // where it stays
            .and_then(|()| Ok(provider.check(direction, iv, input.len())?))
            .map_err(|error| in_batch(py, error, REQUEST, *index))?;
    }
    Ok(list)
}

/// Units into a new `bytes`.
pub(super) fn units<'py>(
    py: Python<'py>,
    provider: &Provider,
    direction: Direction,
    data: &Bound<'py, PyAny>,
    units: Units,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = InBuffer::get(data, "data")?;
    let input = data.span();
    units.check(provider, input.len())?;
    let quick = provider.is_quick(input.len());
    without_remnants(usize::MAX, || {
        bytes_filled_by(py, input.len(), |output| {
            announced_all(py, provider, units.size, || {
                run(py, UNIT, quick, |hook| {
                    units.crypt(provider, direction, (input, output), threads, hook)
                })
            })?;
            Ok(input.len())
        })
    })
}

/// Units into the caller's buffer.
pub(super) fn units_into<'py>(
    py: Python<'py>,
    provider: &Provider,
    direction: Direction,
    (data, out): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    units: Units,
    threads: usize,
) -> PyResult<usize> {
    let data = InBuffer::get(data, "data")?;
    let mut out = OutBuffer::get(out)?;
    let input = data.span();
    units.check(provider, input.len())?;
    let request = Request { direction, iv: &Iv::EMPTY, input, output: out.span() };
    provider.constraints().check_buffers(&request)?;
    let in_place = input.overlap(&request.output) != Overlap::None;
    let output = request.output.part(0..input.len());
    let quick = provider.is_quick(input.len());
    let mut lost = None;
    let end = without_remnants(usize::MAX, || {
        announced_all(py, provider, units.size, || {
            run(py, UNIT, quick, |hook| {
                units
                    .crypt(provider, direction, (input, output), threads, hook)
                    .inspect_err(|failure| lost = Some((failure.index, failure.was_begun())))
            })
        })
    });
    match (end, lost) {
        (Err(error), Some((unit, begun))) if in_place => {
            Err(half_way(py, error, unit * units.size, if begun { units.size } else { 0 }))
        }
        (end, _) => end.map(|()| input.len()),
    }
}

/// Runs the work with the GIL released; an error says which one of many it is of.
fn run(
    py: Python<'_>,
    what: &str,
    quick: bool,
    work: impl FnOnce(&mut Hook<'_>) -> Result<(), Failure> + Send,
) -> PyResult<()> {
    let mut place = None;
    let done = detached_unless(quick, py, |hook| {
        work(hook).map_err(|Failure { index, error, .. }| {
            place = Some(index);
            error
        })
    });
    done.map_err(|error| match place {
        Some(index) => in_batch(py, error, what, index),
        None => error,
    })
}

/// What was done in place stays: an exception that is not ours, Ctrl-C's, gets a note of where it is.
fn half_way(py: Python<'_>, error: PyErr, done: usize, lost: usize) -> PyErr {
    if is_ours(py, &error) {
        return error;
    }
    let lost = match lost {
        0 => String::new(),
        lost => format!(", the unit of {} behind them is lost (zeros)", bytes(lost)),
    };
    let done = bytes(done);
    let note = format!("the first {done} of data were done in place{lost}, the rest is as it was");
    match error.value(py).call_method1(intern!(py, "add_note"), (note,)) {
        Ok(_) => error,
        Err(other) => other,
    }
}
