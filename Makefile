# Each verb sets up what it needs: a clean clone takes `make demo` or `make test` and
# nothing before it, except Rust, which comes from rustup. `make` alone lists the verbs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help build demo test test-all check docs lab bench instrument fuzz fuzz-corpus
.PHONY: wheel sdist wheel-build wheel-check clean debian debian-packages rust

PYTHON ?= python3
KERNEL ?= 6.1
RUNS ?= 1000000
CMD ?= uname -a
DEBIAN := cryptsetup-bin e2fsprogs gcc iproute2 kcapi-tools kmod libc6-dev libgcrypt20 mount \
  openssl qemu-system-x86 qemu-utils strace tmux

VENV := .venv
export PATH := $(HOME)/.cargo/bin:$(PATH) # where rustup puts it, in a shell that does not know yet
PY := $(VENV)/bin/python
export PIP_QUIET := 1
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PYO3_PYTHON := $(CURDIR)/$(PY)
# As it was written: make would take its dollars for its own.
export COMMAND = $(value CMD)

help: ## list the verbs
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

build: $(VENV)/.built ## the package and its tools, into .venv

demo: build ## encrypt a real file, in userspace too where the kernel does not serve
	$(PY) tools/demo.py

test: ## the checks and every test, in the lab's kernels too
test-all: SLOW := --run-slow
test-all: ## the same with the slow tests
test test-all: check
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --locked; \
	else cargo test --locked --lib --tests; fi
	cargo test --locked --doc
	$(PY) tools/lab_matrix.py $(SLOW)

check: build ## formats, lints, types, stub, layers, documentation
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo metadata --locked --manifest-path fuzz/Cargo.toml --format-version 1 >/dev/null
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --all-targets --features python -- -D warnings
	cargo clippy --locked --all-targets --features python,instrument -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --features python
	$(PY) tools/check_layers.py
	$(VENV)/bin/zizmor --offline --quiet .github
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright --project pyproject.toml
	$(PY) -m mypy.stubtest afalg

docs: build ## the documentation's site, into target/docs; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build

lab: build ## run CMD='...' in the lab's KERNEL=6.1, 6.12 or 7.2
	$(PY) -m lab run --kernel $(KERNEL) -- bash -c "$$COMMAND"

bench: DEBIAN += libc6-dbg libkcapi-dev valgrind
bench: build $(VENV)/.bench ## time what this package does beside its peers, here and in the lab: one report
	$(PY) -m benches.run $(if $(ONLY),--only $(ONLY))

# The package again, over a core that computes nothing: first in PYTHONPATH it is the one imported.
INSTRUMENT := target/instrument
instrument: build ## build what benches/instrument measures, into target/instrument
	PYO3_BUILD_EXTENSION_MODULE=1 cargo build --locked --release --lib \
	  --features python,instrument --target-dir $(INSTRUMENT)
	mkdir -p $(INSTRUMENT)/package/afalg
	ln -sf $(addprefix $(CURDIR)/,$(wildcard python/afalg/*.py)) $(addprefix $(CURDIR)/python/afalg/,cli verify) \
	  $(INSTRUMENT)/package/afalg
	ln -sf ../../release/libafalg.so $(INSTRUMENT)/package/afalg/_afalg.abi3.so

# libFuzzer without nightly: LLVM's pass counts the edges, and safe code needs no sanitizer.
SANCOV := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ = cd fuzz && mkdir -p work/proc_crypto && RUSTFLAGS='$(SANCOV)' cargo run --locked --release \
  --target-dir ../target/fuzz --target "$$(rustc -vV | sed -n 's/^host: //p')" --
fuzz fuzz-corpus: DEBIAN += g++
fuzz: debian rust ## RUNS=1000000 inputs to the parser of /proc/crypto, steered by coverage
	$(FUZZ) -runs=$(RUNS) -max_len=2048 -timeout=10 -artifact_prefix=work/ \
	  work/proc_crypto corpus/proc_crypto ../tests/fixtures/proc_crypto

fuzz-corpus: debian rust ## add to fuzz/corpus the fewest of what `fuzz` found that reach all edges
	$(FUZZ) -merge=1 -set_cover_merge=1 -use_counters=0 -max_len=512 \
	  corpus/proc_crypto work/proc_crypto

# zig links them: it has glibc as old as the name of the wheel says, and musl, for each architecture.
wheel sdist wheel-build wheel-check: export PYTHONPATH := tools:.
wheel wheel-check: DEBIAN += binutils qemu-user-static
wheel: sdist wheel-build wheel-check ## all wheels and the sdist into dist/, looked at and tried

sdist: $(VENV)/.wheel | rust ## the sdist, with its crates; and a wheel of it without a network
	$(PY) -m wheels sdist

wheel-build: $(VENV)/.wheel | rust ## the wheels alone, or ONLY=abi3, ONLY=aarch64-unknown-linux-musl
	$(PY) -m wheels build $(addprefix --only ,$(ONLY))

wheel-check: build $(VENV)/.wheel ## look at what is in dist/, and try it in empty roots
	$(PY) -m wheels check

clean: ## remove what was built, the virtual environment too
	rm -rf $(VENV) target fuzz/work dist python/afalg/*.so
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks

$(VENV)/.tools: pyproject.toml | debian
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo '$(PYTHON) is older than 3.11: make PYTHON=python3.11' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --upgrade 'pip>=25.1' # the first that knows --group
	$(PY) -m pip install --group dev
	touch $@

$(VENV)/.bench: $(VENV)/.tools
	$(PY) -m pip install --group bench
	touch $@

$(VENV)/.wheel: $(VENV)/.tools
	$(PY) -m pip install --group wheel
	touch $@

# Release, so that the tests test what ships.
$(VENV)/.built: $(VENV)/.tools Cargo.toml Cargo.lock $(shell find src -name '*.rs') | debian rust
	$(VENV)/bin/maturin develop --release
	touch $@

debian-packages:
	@echo $(DEBIAN)

debian:
	@missing=''; \
	for package in $(DEBIAN); do \
	  dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed \
	    || missing+=" $$package"; \
	done; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing+=' python3-venv'; \
	if [ -z "$$missing" ]; then exit; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends $$missing; \
	else \
	  echo "Missing, and only root can install it. On Debian: apt-get install$$missing" >&2; \
	fi

rust:
	@command -v cargo >/dev/null \
	  || { echo 'cargo is missing: install Rust with rustup, https://rustup.rs' >&2; exit 1; }
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 \
	  || { echo 'rustfmt or clippy is missing: rustup component add rustfmt clippy' >&2; exit 1; }
