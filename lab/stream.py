"""One of a command's two outputs on its way out."""

from typing import BinaryIO


class Stream:
    """Passes bytes on until they end with a mark, which nobody sees.

    A machine that turns itself off may take bytes along that its devices still hold back. One that
    sends a mark behind the last byte waits to be killed, and by then each has arrived.
    """

    def __init__(self, sink: BinaryIO, mark: bytes) -> None:
        self._sink = sink
        self._mark = mark
        self._held = b""
        self.ended = False
        self.whole = False
        """Whether nothing can be missing: a machine that ends without its mark has died."""

    def take(self, chunk: bytes) -> None:
        """Pass a chunk on; an empty one is the end of the pipe."""
        data = self._held + chunk
        marked = data.endswith(self._mark)
        self.whole = marked
        self.ended = marked or not chunk
        hold = len(self._mark) if marked else 0 if self.ended else self._begun(data)
        keep = len(data) - hold
        self._held = data[keep:]
        self._sink.write(data[:keep])
        self._sink.flush()

    def _begun(self, data: bytes) -> int:
        """Count the bytes at the end that may be the beginning of the mark."""
        lengths = range(min(len(data), len(self._mark)), 0, -1)
        return next((n for n in lengths if data.endswith(self._mark[:n])), 0)
