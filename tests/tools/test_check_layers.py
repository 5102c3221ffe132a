"""Each rule of the layer check catches a planted fault, and nothing that is allowed."""

from pathlib import Path

import pytest

from check_layers import faults


def plant(root: Path, path: str, source: str) -> list[str]:
    """What the check says of one file."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return list(faults(root))


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        ("src/error.rs", "use crate::sys::Fd;", "error may not use crate::sys"),
        ("src/sys/msg.rs", "use crate::kernel::plan;", "sys may not use crate::kernel"),
        ("src/userspace/mod.rs", "fn f() { crate::sys::f() }", "userspace may not use crate::sys"),
        ("src/kernel/plan.rs", "use crate::provider::P;", "kernel may not use crate::provider"),
        ("src/provider.rs", "use crate::sys::Fd;", "provider may not use crate::sys"),
        ("src/padding.rs", "use crate::stream::S;", "padding may not use crate::stream"),
        ("src/stream.rs", "use crate::kernel::K;", "stream may not use crate::kernel"),
        ("src/python/cipher.rs", "use crate::kernel::K;", "python may not use crate::kernel"),
        ("src/python/cipher.rs", "use crate::sys::Fd;", "python may not use crate::sys"),
        ("src/stream.rs", "use crate::Error;", "stream may not use crate::Error"),
        ("src/stream.rs", "use crate::{error::{Error, Result}, sys};", "use crate::sys"),
        ("src/stream.rs", "use super::sys::Fd;", "stream may not use crate::sys"),
        ("src/kernel/mod.rs", "use super::stream;", "kernel may not use crate::stream"),
        ("src/helpers.rs", "", "helpers has no layer"),
        ("src/stream.rs", "use pyo3::PyResult;", "pyo3 stands in python/ only"),
        ("src/stream.rs", "fn f() { unsafe { g() } }", "unsafe stands in sys/, span.rs, "),
        ("src/kernel/limits.rs", "use libc::c_int;", "libc or nix stands in sys/ only"),
        ("src/kernel/limits.rs", "use nix::errno::Errno;", "libc or nix stands in sys/ only"),
        ("src/provider.rs", 'fn f() { std::env::var("A"); }', "std::env stands in python/ only"),
        ("src/provider.rs", "use std::{env, fmt};", "std::env stands in python/ only"),
        ("src/kernel/plan.rs", "use super::super::sys;", "super::super stands in no file only"),
        ("src/kernel/plan.rs", "enum P { userspace }", "kernel does not know that userspace"),
        ("src/stream.rs", "// a line\n" * 400, "has 400 lines, under 400 is the rule"),
        ("tests/python/test_a.py", "# a line\n" * 400, "has 400 lines, under 400 is the rule"),
        ("src/stream.rs", "fn f(a: [u8; 4]) {" + "\n" * 39 + "}", "fn f has 40 lines"),
        ("tools/a.py", "def f():\n" + "    pass\n" * 39, "def f has 40 lines"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, path: str, source: str, said: str) -> None:
    found = plant(tmp_path, path, source)
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith(f"{path}:1: ")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("src/lib.rs", "pub use crate::kernel::K; mod sys;"),
        ("src/sys/msg.rs", "use crate::span::In; use libc::iovec; fn f() { unsafe { g() } }"),
        ("src/span.rs", "unsafe impl Send for In<'_> {}"),
        ("src/python/buffer.rs", "use pyo3::ffi; fn f() { unsafe { g() } }"),
        ("src/python/cipher.rs", "use crate::{provider, stream::S}; use std::env;"),
        ("src/python/mod.rs", "mod _afalg { use super::cipher::Cipher; }"),
        ("src/kernel/mod.rs", "use crate::sys::Fd; use super::error::Error;"),
        ("src/kernel/plan.rs", "use super::limits; use crate::kernel::limits as l;"),
        ("src/stream.rs", "fn f<'a>(a: &'a str) -> char { '\"' }\nconst Q: char = '\\'';"),
        ("src/stream.rs", "fn a() {}" + "\n" * 60 + "fn b() {\n}"),
        ("src/stream.rs", "fn f(a: [u8; 4]) {" + "\n" * 38 + "}"),
        ("src/stream.rs", "trait T { fn f(&self);" + "\n" * 60 + "}"),
        ("src/stream.rs", "// a line\n" * 399),
        ("python/a.py", "def f():\n" + "    pass\n" * 38),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path: Path, path: str, source: str) -> None:
    assert plant(tmp_path, path, source) == []


@pytest.mark.parametrize(
    "source",
    [
        "// unsafe",
        "/* crate::sys\n libc */",
        '/// pyo3\nconst A: &str = "unsafe \\" libc";',
        'const A: &str = r#"unsafe " libc"#;',
        "#[cfg(test)]\nmod tests {\n use crate::sys::Fd; fn f() { unsafe { g() } }\n}",
        '#[cfg(all(test, target_os = "linux"))]\n#[allow(a)]\nmod tests { use libc; }',
    ],
)
def test_comments_strings_and_test_modules_do_not_count(tmp_path: Path, source: str) -> None:
    assert plant(tmp_path, "src/stream.rs", source) == []


def test_a_file_of_tests_is_a_test_module(tmp_path: Path) -> None:
    assert plant(tmp_path, "src/kernel/tests.rs", "use crate::stream::S;") == []


def test_the_line_of_a_fault_is_the_file_s_own(tmp_path: Path) -> None:
    source = '//! Header.\n/* two\nlines */\nconst A: &str = "x\ny";\nuse crate::sys::Fd;\n'
    assert plant(tmp_path, "src/stream.rs", source)[0].startswith("src/stream.rs:6: ")


def test_code_after_a_test_module_counts(tmp_path: Path) -> None:
    source = "#[cfg(test)]\nmod tests {\n fn f() { g() }\n}\nuse crate::sys::Fd;\n"
    assert plant(tmp_path, "src/stream.rs", source)[0].startswith("src/stream.rs:5: ")
