//! One message in one call: buffers in, the provider's work with the GIL released, bytes out.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::{InBuffer, OutBuffer, bytes_filled_by};
use super::detach::{detached, detached_unless};
use super::fallback::announced;
use super::options;
use crate::batch::Spread;
use crate::padding;
use crate::provider::without_remnants;
use crate::request::{Direction, Iv, Request};
use crate::span::In;

/// One message into a new `bytes`.
pub(super) fn crypt<'py>(
    py: Python<'py>,
    spread: Spread<'_>,
    direction: Direction,
    data: &Bound<'py, PyAny>,
    iv: Option<&Bound<'py, PyAny>>,
    padding: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (provider, data) = (spread.provider, InBuffer::get(data, "data")?);
    let input = data.span();
    without_remnants(spread.on_this_stack(input.len()), || {
        let mut place = Iv::EMPTY;
        options::read_iv(provider.constraints(), iv, "iv", &mut place)?;
        let iv = &place;
        if options::padded(padding)? {
            provider.constraints().check_pads()?;
            return crypt_padded(py, spread, direction, iv, input);
        }
        provider.check(direction, iv, input.len())?;
        let quick = provider.is_quick(input.len());
        announced(py, provider, input.len(), || {
            bytes_filled_by(py, input.len(), |output| {
                let request = Request { direction, iv, input, output };
                detached_unless(quick, py, |hook| spread.crypt_checked(request, hook))
            })
        })
    })
}

/// One message into the caller's buffer.
pub(super) fn crypt_into<'py>(
    py: Python<'py>,
    spread: Spread<'_>,
    direction: Direction,
    data: &Bound<'py, PyAny>,
    out: &Bound<'py, PyAny>,
    iv: Option<&Bound<'py, PyAny>>,
) -> PyResult<usize> {
    let (provider, data) = (spread.provider, InBuffer::get(data, "data")?);
    let mut out = OutBuffer::get(out)?;
    let input = data.span();
    without_remnants(spread.on_this_stack(input.len()), || {
        let mut place = Iv::EMPTY;
        options::read_iv(provider.constraints(), iv, "iv", &mut place)?;
        let iv = &place;
        provider.check_request(&Request { direction, iv, input, output: out.span() })?;
        announced(py, provider, input.len(), || {
            let request = Request { direction, iv, input, output: out.span() };
            detached_unless(provider.is_quick(input.len()), py, |hook| {
                spread.crypt_checked(request, hook)
            })
        })
    })
}

fn crypt_padded<'py>(
    py: Python<'py>,
    spread: Spread<'_>,
    direction: Direction,
    iv: &Iv,
    input: In<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let provider = spread.provider;
    let block = provider.constraints().sizes.block;
    let quick = provider.is_quick(input.len());
    if direction == Direction::Encrypt {
        let len = input.len() + padding::added(input.len(), block);
        provider.check_limit(len)?;
        return bytes_filled_by(py, len, |out| {
            detached_unless(quick, py, |hook| padding::encrypt(spread, iv, input, out, hook))
        });
    }
    padding::check_padded(provider.constraints(), input.len())?;
    match detached_unless(quick, py, |hook| padding::Tail::decrypt(spread, input, hook))? {
        Some(tail) => bytes_filled_by(py, tail.plain_len(input.len(), block), |out| {
            detached(py, |hook| tail.finish(spread, iv, input, out, hook))
        }),
        None => bytes_filled_by(py, input.len(), |out| {
            detached_unless(quick, py, |hook| padding::decrypt(spread, iv, input, out, hook))
        }),
    }
}
