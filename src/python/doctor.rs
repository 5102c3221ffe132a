//! `afalg.doctor`: checks in, the frozen dataclasses of afalg/report.py out.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::PROCESS;
use super::detach::detached;
use crate::doctor::{Check, Machine, examine};

/// Find out whether the kernel serves this process, what keeps it from it, and the way out.
///
/// Opens a socket, binds the usual algorithms and reads /proc, /sys and modprobe's
/// configuration; needs no privilege, never raises for what it finds, changes nothing.
/// The kernel loads the modules that a bind asks for. ``python -m afalg doctor`` prints
/// the same.
#[pyfunction]
pub(super) fn doctor(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let checks = detached(py, |_| Ok(examine(&Machine(&PROCESS))))?;
    let report = py.import("afalg.report")?;
    let class = report.getattr("Check")?;
    let object =
        |check: Check| class.call1((check.name, check.status.name(), check.found, check.advice));
    let checks = checks.into_iter().map(object).collect::<PyResult<Vec<_>>>()?;
    report.getattr("Report")?.call1((PyTuple::new(py, checks)?,))
}
