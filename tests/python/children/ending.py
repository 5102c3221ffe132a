"""End while a daemon thread is in the middle of a stream's call and a `__del__` wants its turn.

python -m children.ending
"""

import os
import threading
import time

import afalg
from children import set_deadline
from children.load import SLOW, SLOW_IV, cipher_of, slow_data


class Owner:
    """Ends its stream when it goes."""

    itself: "Owner"

    def __init__(self, stream: afalg.Stream) -> None:
        self.stream = stream

    def __del__(self) -> None:
        """Say what became of it."""
        try:
            self.stream.finalize()
        except afalg.StreamStateError as refused:
            os.write(1, str(refused).encode())


def main() -> None:
    """Leave the owner to Python's end."""
    set_deadline()
    owner = Owner(cipher_of(SLOW).encryptor(iv=SLOW_IV))
    owner.itself = owner  # so that it goes late, and not with the last name for it
    data = slow_data()
    out = bytearray(len(data))
    threading.Thread(target=owner.stream.update_into, args=(data, out), daemon=True).start()
    while not any(out[:16]):
        time.sleep(0.001)


if __name__ == "__main__":
    main()
