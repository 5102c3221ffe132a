"""Have secrets, use them, and hold still while another process looks: python -m children.keeper FD.

Each line of standard input is a way and its cases, in JSON, for a fork of this process. The secrets
come by FD, a pipe. When a look is worth while the fork prints `moment NAME: PID` and waits.
"""

import ctypes
import json
import os
import signal
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress

import afalg
from children import DEADLINE
from children.kept import Case, case_of

BUSY = 1 << 22  # bytes that keep a slow cipher busy for a while
BATCH = 70  # more than a chain of the ring, so that threads share them
LONG = 1 << 23  # more than one request of the kernel carries

Way = Callable[[Case], Iterator[str]]
Sweep = Callable[[Iterator[Case]], Iterator[str]]


def wiped(result: bytes) -> None:
    """Wipe a result, which is the caller's too."""
    ctypes.memset(id(result) + bytes.__basicsize__ - 1, 0, len(result))


def alive(drawn: Iterator[Case]) -> Iterator[str]:
    """Keep Ciphers."""
    cases = [*drawn]
    yield "held"
    ciphers = [case.cipher() for case in cases]
    for case in cases:
        case.wipe()
    yield "alive"
    for cipher in ciphers:
        cipher.close()


def each(cases: Iterator[Case]) -> Iterator[str]:
    """Use one Cipher after another."""
    for case in cases:
        with case.cipher() as cipher:
            hidden = cipher.encrypt(case.data, iv=case.given_iv)
            wiped(cipher.decrypt(hidden, iv=case.given_iv))
            stream = cipher.decryptor(iv=case.given_iv)
            in_parts(stream, hidden)
            wiped(stream.finalize())
        case.wipe()
        yield case.algorithm


def one_shot(case: Case) -> Iterator[str]:
    """Encrypt and decrypt by the functions."""
    options = (case.algorithm, case.given_key())
    iv, provider = case.given_iv, case.provider
    hidden = afalg.encrypt(*options, case.data, iv=iv, provider=provider)
    wiped(afalg.decrypt(*options, hidden, iv=iv, provider=provider))
    case.wipe()
    yield "gone"


def methods(case: Case) -> Iterator[str]:
    """Encrypt and decrypt, into buffers too."""
    cipher = case.cipher()
    hidden = cipher.encrypt(case.data, iv=case.given_iv)
    wiped(cipher.decrypt(hidden, iv=case.given_iv))
    out = bytearray(len(hidden))
    cipher.encrypt_into(case.data, out, iv=case.given_iv)
    cipher.decrypt_into(out, out, iv=case.given_iv)
    out[:] = bytes(len(out))
    case.wipe()
    yield "alive"
    cipher.close()
    yield "gone"


def from_depth(case: Case) -> Iterator[str]:
    """Encrypt and decrypt far down the stack, where nothing that comes after writes over it."""
    results = list[bytes]()
    cipher = case.cipher()

    def down(levels: int) -> int:
        if levels:
            sorted([levels], key=lambda left: down(left - 1))
        else:
            results.append(cipher.encrypt(case.data, iv=case.given_iv))
            results.append(cipher.decrypt(results[0], iv=case.given_iv))
        return 0

    down(8)
    wiped(results[1])
    cipher.close()
    case.wipe()
    yield "gone"


def in_parts(stream: afalg.Stream, data: bytes | bytearray | memoryview) -> None:
    """Run data through a stream that goes on."""
    area = memoryview(data)
    for start in range(0, len(area), 11):
        wiped(stream.update(area[start : start + 11]))


def streams(case: Case) -> Iterator[str]:
    """Finalize a stream each way."""
    cipher = case.cipher()
    hidden = cipher.encrypt(case.data, iv=case.given_iv)
    for stream, data in (
        (cipher.encryptor(iv=case.given_iv), case.data),
        (cipher.decryptor(iv=case.given_iv), hidden),
    ):
        in_parts(stream, data)
        wiped(stream.finalize())
    cipher.close()
    case.wipe()
    yield "gone"  # the streams are still there


def abandoned(case: Case) -> Iterator[str]:
    """Leave streams in the middle, with something held back; one by an exception."""
    with case.cipher() as cipher:
        for make in (cipher.encryptor, cipher.decryptor):
            stream = make(iv=case.given_iv)
            in_parts(stream, memoryview(case.data)[:27])
            del stream
        with suppress(KeyError), cipher.encryptor(iv=case.given_iv) as poisoned:
            in_parts(poisoned, memoryview(case.data)[:27])
            raise KeyError
    case.wipe()
    yield "gone"


def padded(case: Case) -> Iterator[str]:
    """Pad, take the padding off, and find a wrong one."""
    cipher = case.cipher()
    data = memoryview(case.data)[:27]
    hidden = cipher.encrypt(data, iv=case.given_iv, padding="pkcs7")
    wiped(cipher.decrypt(hidden, iv=case.given_iv, padding="pkcs7"))
    stream = cipher.decryptor(iv=case.given_iv, padding="pkcs7")
    in_parts(stream, hidden)
    wiped(stream.finalize())
    unpadded = cipher.encrypt(case.data, iv=case.given_iv)
    with suppress(afalg.InvalidPaddingError):
        cipher.decrypt(unpadded, iv=case.given_iv, padding="pkcs7")
    stream = cipher.decryptor(iv=case.given_iv, padding="pkcs7")
    in_parts(stream, unpadded)
    with suppress(afalg.InvalidPaddingError):
        stream.finalize()
    data.release()
    cipher.close()
    case.wipe()
    yield "gone"


def dropped(case: Case) -> Iterator[str]:
    """Lose the last reference to a Cipher, and to one that a stream has used."""
    case.cipher().encrypt(case.data, iv=case.given_iv)
    stream = case.cipher().encryptor(iv=case.given_iv)
    in_parts(stream, case.data)
    del stream
    case.wipe()
    yield "gone"


def refused(case: Case) -> Iterator[str]:
    """Have a key refused, and messages."""
    with suppress(afalg.InvalidKeyError):
        afalg.Cipher(case.algorithm, case.given_key(1), provider=case.provider)
    with suppress(afalg.AlgorithmNotFoundError):
        afalg.Cipher("no(such)", case.given_key(), provider=case.provider)
    with case.cipher() as cipher:
        with suppress(afalg.InvalidInputError):
            cipher.encrypt(memoryview(case.data)[:15], iv=case.given_iv)
        with suppress(afalg.InvalidInputError):
            cipher.encrypt(case.data, iv=bytes(99))
        with suppress(BufferError):
            cipher.encrypt(memoryview(case.data)[::2], iv=case.given_iv)
        with suppress(afalg.InvalidInputError):
            cipher.encrypt_into(case.data, bytearray(3), iv=case.given_iv)
    case.wipe()
    yield "gone"


def warned(case: Case) -> Iterator[str]:
    """Have an error made of the warning that userspace computes: the key was taken by then."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(afalg.ProviderFallbackWarning):
            afalg.Cipher(case.algorithm, case.given_key(), provider="auto")
    case.wipe()
    yield "gone"


def too_long(case: Case) -> Iterator[str]:
    """Pass what one request carries: the twin's, or refused."""
    area = bytearray(LONG)
    area[: len(case.data)] = case.data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for provider in (case.provider, "auto"):
            case.provider = provider
            with case.cipher() as cipher, suppress(afalg.MessageTooLongError):
                cipher.encrypt_into(area, area, iv=case.given_iv)
                stream = cipher.encryptor(iv=case.given_iv)
                stream.update(memoryview(area)[: LONG // 2])
                stream.update(memoryview(area)[: LONG // 2])
                stream.finalize()
    area[:] = bytes(LONG)
    case.wipe()
    yield "gone"


def forked(case: Case) -> Iterator[str]:
    """Use the Cipher in a child and in its parent."""
    cipher = case.cipher()
    cipher.encrypt(case.data, iv=case.given_iv)
    child = os.fork()
    cipher.encrypt(case.data, iv=case.given_iv)
    cipher.close()
    case.wipe()
    if child:
        os.waitpid(child, 0)
        yield "gone"
    else:
        yield "gone in the child"
        os._exit(0)


def interrupted(case: Case) -> Iterator[str]:
    """Let the handler of a signal raise in the middle of a message."""
    cipher = case.cipher()
    area = bytearray(min(BUSY, cipher.max_message or BUSY))
    area[: len(case.data)] = case.data
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    with suppress(KeyboardInterrupt):
        while True:
            cipher.encrypt_into(area, area, iv=case.given_iv)
    cipher.close()
    area[:] = bytes(len(area))
    case.wipe()
    yield "gone"


def threaded(case: Case) -> Iterator[str]:
    """Do it in a thread that ends."""

    def work() -> None:
        with case.cipher() as cipher:
            cipher.encrypt(case.data, iv=case.given_iv)
            area = bytearray(1 << 16)
            area[: len(case.data)] = case.data
            cipher.encrypt_into(area, area, iv=case.given_iv)
            area[:] = bytes(len(area))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    case.wipe()
    yield "gone"


def batches(case: Case) -> Iterator[str]:
    """Pass it many times at once, as units, and in a message that threads share."""
    with case.cipher() as cipher:
        for threads in (1, 2):
            hidden = cipher.encrypt_many([(case.data, case.given_iv)] * BATCH, threads=threads)
            back = cipher.decrypt_many([(each, case.given_iv) for each in hidden], threads=threads)
            for result in back:
                wiped(result)
        area = bytearray(min(LONG // 8, cipher.max_message or LONG))
        area[: len(case.data)] = case.data
        first = struct.unpack_from("<Q", case.iv)[0] >> 8 << 8  # no slice: a copy. None wraps
        for threads in (1, 2):
            for crypt in (cipher.encrypt_units_into, cipher.decrypt_units_into):
                crypt(area, area, unit_size=4096, first_iv=first, threads=threads)
            wiped(cipher.decrypt_units(area, unit_size=4096, first_iv=first, threads=threads))
            wiped(cipher.decrypt(area, iv=case.given_iv, threads=threads))
        area[:] = bytes(len(area))
    case.wipe()
    yield "gone"


KEPT: list[object] = []  # a global that Python's end clears


def stopped_at_exit() -> None:
    """Have the C library stop this process when Python has ended, if it does so with SIGSTOP.

    What it calls then gets the exit status as its argument.
    """
    library = ctypes.CDLL(None)
    library.on_exit(ctypes.cast(library["raise"], ctypes.c_void_p), None)


def at_exit(case: Case, name: str, keep: Callable[[object], object]) -> Iterator[str]:
    """End Python in a child that has kept a Cipher and a Stream."""
    child = os.fork()
    if child == 0:
        keep(case.cipher())
        keep(case.cipher().encryptor(iv=case.given_iv))
        case.wipe()
        stopped_at_exit()
        sys.exit(signal.SIGSTOP)
    os.waitpid(child, os.WUNTRACED)
    case.wipe()
    yield f"{name}: {child}"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    yield "gone"


def ended(case: Case) -> Iterator[str]:
    """Keep them in a global that is a cycle."""
    KEPT.append(KEPT)
    yield from at_exit(case, "gone at exit", KEPT.append)


def ended_with_leak(case: Case) -> Iterator[str]:
    """Keep them by a reference that nobody gives back: those are as they were."""
    leak = ctypes.pythonapi.Py_IncRef
    leak.argtypes = [ctypes.py_object]
    yield from at_exit(case, "alive", leak)


ALL: tuple[Way, ...] = (
    one_shot,
    methods,
    from_depth,
    streams,
    abandoned,
    padded,
    dropped,
    refused,
    warned,
    too_long,
    forked,
    interrupted,
    threaded,
    batches,
    ended,
    ended_with_leak,
)
WAYS = {way.__name__: way for way in ALL}
SWEEPS: dict[str, Sweep] = {"alive": alive, "each": each}


def moment(name: str) -> None:
    """Hold still, unless it is another process that does."""
    place = name if ": " in name else f"{name}: {os.getpid()}"
    os.write(1, f"moment {place}\n".encode())
    os.read(0, 1)


def do(told: str, pipe: int) -> None:
    """Do a case."""
    way, how, asked = json.loads(told)
    cases = (case_of(how, algorithm, sizes, pipe) for algorithm, sizes in asked)
    if way in SWEEPS:
        moments = SWEEPS[way](cases)
    else:
        case = next(cases)
        moment("held")
        moments = WAYS[way](case)
    for name in moments:
        moment(name)


def line() -> str:
    """Read one line and nothing behind it: that is for the fork."""
    told = b""
    while not told.endswith(b"\n") and (more := os.read(0, 1 << 16)):
        told += more
    return told.decode()


def main() -> None:
    """Do every case, until there is no more."""
    while told := line():
        child = os.fork()
        if child == 0:
            signal.alarm(DEADLINE)
            do(told, int(sys.argv[1]))
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(1, f"ended: {status}\n".encode())


if __name__ == "__main__":
    main()
