"""What the examples use of Dask, whose own types leave most open."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

_A = TypeVar("_A")
_R = TypeVar("_R")

class Future(Generic[_R]): ...

class _Closing:
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

class LocalCluster(_Closing):
    def __init__(
        self,
        *,
        n_workers: int | None = None,
        threads_per_worker: int | None = None,
        processes: bool | None = None,
        dashboard_address: str | None = ...,
    ) -> None: ...

class Client(_Closing):
    def __init__(self, address: str | LocalCluster, /) -> None: ...
    def map(
        self, work: Callable[[_A], _R], each: Iterable[_A], /, *, pure: bool = True
    ) -> list[Future[_R]]: ...
    def gather(self, futures: list[Future[_R]], /) -> list[_R]: ...
