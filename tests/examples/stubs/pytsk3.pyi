"""What the examples use of the SleuthKit, which has no types of its own."""

from collections.abc import Iterator

TSK_IMG_TYPE_EXTERNAL: int
TSK_FS_META_TYPE_DIR: int

class Img_Info:  # noqa: N801 - its name
    def __init__(self, url: str = ..., type: int = ...) -> None: ...  # noqa: A002
    def read(self, offset: int, size: int, /) -> bytes: ...
    def get_size(self) -> int: ...

class Name:
    name: bytes

class Meta:
    size: int
    type: int

class Info:
    name: Name
    meta: Meta | None

class File:
    info: Info
    def read_random(self, offset: int, size: int, /) -> bytes: ...

class FS_Info:  # noqa: N801 - its name
    def __init__(self, image: Img_Info, /) -> None: ...
    def open(self, path: str, /) -> File: ...
    def open_dir(self, path: str, /) -> Iterator[File]: ...
