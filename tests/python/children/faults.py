"""Many messages and units while something goes wrong: python -m children.faults FILE WAY...

FILE is of children.load_of_many. It prints, in JSON, what became of each way, with one Cipher.
"""

import errno
import json
import sys
from collections.abc import Callable

import afalg
from children import set_deadline
from children.load_of_many import Load, read

Outcome = dict[str, object]


def outcome(call: Callable[[], bool]) -> Outcome:
    """Give what a call raised, or whether its result is right."""
    try:
        return {"result": "right" if call() else "wrong bytes"}
    except afalg.KernelError as error:
        facts = {"index": error.index, "stage": error.stage, "text": str(error)}
        return {"result": "KernelError", "errno": errno.errorcode[error.errno or 0], **facts}


def many(cipher: afalg.Cipher, load: Load) -> Outcome:
    """Encrypt messages."""
    return outcome(
        lambda: cipher.encrypt_many(load.requests(load.plain)) == load.pieces(load.hidden)
    )


def apart(cipher: afalg.Cipher, load: Load) -> Outcome:
    """Encrypt units into a buffer of their own, and tell if anything is in it then."""
    out = bytearray(len(load.plain))

    def call() -> bool:
        cipher.encrypt_units_into(load.plain, out, unit_size=load.size)
        return out == load.units

    return {**outcome(call), "left": any(out)}


def in_place(cipher: afalg.Cipher, load: Load) -> Outcome:
    """Encrypt units where they lie, and tell what each is then."""
    area = bytearray(load.plain)

    def call() -> bool:
        cipher.encrypt_units_into(area, area, unit_size=load.size)
        return area == load.units

    found, states = outcome(call), list[str]()
    units = zip(load.pieces(area), load.pieces(load.units), load.pieces(load.plain), strict=True)
    for is_, due, was in units:
        kinds = {due: "encrypted", was: "as it was", bytes(load.size): "zeros"}
        states.append(kinds.get(is_, "?"))
    return {**found, "states": states}


WAYS = {way.__name__: way for way in (many, apart, in_place)}


def main() -> None:
    """Do it one way after the other."""
    set_deadline()
    load = read(sys.argv[1])
    cipher = load.make()
    json.dump([WAYS[way](cipher, load) for way in sys.argv[2:]], sys.stdout)


if __name__ == "__main__":
    main()
