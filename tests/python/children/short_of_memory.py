"""Go on with streams for which there is no memory at first.

python -m children.short_of_memory
"""

import resource
from pathlib import Path

import afalg
from children import set_deadline
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message

STREAMS = 64
SPARE = 1 << 20  # less than the streams take together


def occupied() -> int:
    """Give how many bytes of address space this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def main() -> None:
    """Hold back a message in each stream; those that had no memory get theirs again."""
    set_deadline()
    oracle = ORACLES["xts(aes)"]
    key, iv = key_of(oracle), iv_of(oracle)
    cipher = afalg.Cipher("xts(aes)", key, provider="kernel")
    data = message(min(cipher.max_message or 0, 1 << 18))
    due, half = oracle.encrypt(key, iv, data), len(data) // 2
    streams = [cipher.encryptor(iv=iv) for _ in range(STREAMS)]
    for stream in streams:
        stream.update(data[:half])
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    rest, refused = memoryview(data)[half:], list[str]()
    resource.setrlimit(resource.RLIMIT_AS, (occupied() + SPARE, unlimited[1]))
    for stream in streams:
        try:
            stream.update(rest)
        except MemoryError as error:
            refused.append(str(error))
            resource.setrlimit(resource.RLIMIT_AS, unlimited)
            stream.update(rest)
    wrong = sum(stream.finalize() != due for stream in streams)
    print(wrong, *refused, sep="\n")


if __name__ == "__main__":
    main()
