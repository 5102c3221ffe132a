"""The gate to the kernel, as for the package's own tests."""

from gate import own_session, pytest_collection_modifyitems, pytest_runtest_setup

__all__ = ["own_session", "pytest_collection_modifyitems", "pytest_runtest_setup"]
