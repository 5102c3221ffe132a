"""One message in pieces. Import the name from ``afalg``."""

from types import TracebackType
from typing import Self, final

from typing_extensions import Buffer

__all__ = ["Stream"]

@final
class Stream:
    """One message, taken in pieces; made by ``Cipher.encryptor`` and ``decryptor``.

    However it is cut, the pieces' results joined are the bytes of one call. What does
    not fill a step of the mode is held back: an incomplete block; with padding, when
    decrypting, the last block too; of cts, and of xts in userspace, more than one block and
    at most two; of adiantum and hctr2, and of xts and its like in the kernel, the whole
    message, as far as one request carries. ``finalize`` gives it out and is never called
    for you.

    One user at a time: a second thread waits. An error poisons the stream, but for one of
    an argument and MemoryError; so does an exception that leaves its ``with`` block. From
    then on, and once finalized, every call is StreamStateError.
    """

    def update(self, data: Buffer, /) -> bytes:
        """Take the message's next bytes and give what is ready, often fewer, at times none.

        Raises:
            MessageTooLongError: the message exceeds the Cipher's ``max_message``.
            InvalidLengthError: chacha20 would count past block 2**32.
            StreamStateError: the stream is finalized or poisoned.
            KernelError: the kernel failed; the stream is poisoned.

        """

    def update_into(self, data: Buffer, out: Buffer, /) -> int:
        """Do as ``update`` does into a buffer of the caller's; give the count written.

        Args:
            data: the next bytes.
            out: writable, with room for what becomes ready, at most what is held back
                and data together; it may not overlap data, not even be data itself.

        Raises:
            InvalidLengthError: ``out`` is too small; nothing was taken or written.
            BufferOverlapError: ``out`` overlaps ``data``.

        And what ``update`` raises.

        """

    def finalize(self) -> bytes:
        """End the message and give the rest of it.

        Raises:
            InvalidLengthError: the message cannot end here; more of it may still come.
            InvalidPaddingError: decryption found no valid padding; see ``Cipher.decrypt``.
            StreamStateError: the stream is finalized or poisoned.
            KernelError: the kernel failed; the stream is poisoned.

        """

    def finalize_into(self, out: Buffer, /) -> int:
        """Do as ``finalize`` does into a buffer of the caller's; give the count written.

        Args:
            out: writable, with room for what is held back; with padding, for a block.

        Raises:
            InvalidLengthError: ``out`` is too small; the stream goes on.

        And what ``finalize`` raises.

        """

    def __enter__(self) -> Self:
        """Give the Stream itself."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Poison the stream after an exception; else see that it was finalized.

        Raises:
            StreamStateError: bytes are held back that ``finalize`` should have given.

        """
