"""Secrets in memory that can be wiped, and Ciphers of them; what children/keeper.py works with."""

import os

import afalg


class Case:
    """An algorithm, who computes, and secrets in memory that can be wiped."""

    def __init__(
        self, provider: afalg.Provider, algorithm: str, sizes: tuple[int, int, int], pipe: int
    ) -> None:
        self.provider: afalg.Provider = provider
        self.algorithm = algorithm
        self.key, self.iv, self.data = (bytearray(size) for size in sizes)
        if os.readv(pipe, [self.key, self.iv, self.data]) != sum(sizes):
            raise EOFError

    def given_key(self, start: int = 0) -> memoryview | afalg.KeyringKey:
        """Give the key, or what there is of it from `start` on."""
        return memoryview(self.key)[start:]

    def cipher(self) -> afalg.Cipher:
        """Make a Cipher."""
        return afalg.Cipher(self.algorithm, self.given_key(), provider=self.provider)

    @property
    def given_iv(self) -> bytearray | None:
        """The IV, if there is one."""
        return self.iv or None

    def wipe(self) -> None:
        """Wipe all that is the caller's."""
        for area in (self.key, self.iv, self.data):
            area[:] = bytes(len(area))


class KeyringCase(Case):
    """One whose key is the kernel's: once a Cipher is wanted, the program has it no more."""

    def __init__(self, algorithm: str, sizes: tuple[int, int, int], pipe: int) -> None:
        super().__init__("kernel", algorithm, sizes, pipe)
        self.kept = dict[int, afalg.KeyringKey]()

    def given_key(self, start: int = 0) -> afalg.KeyringKey:
        """Give the key of a keyring, to which it was added."""
        if start not in self.kept:
            key = memoryview(self.key)[start:]
            name = f"keeper:{start}"
            self.kept[start] = afalg.KeyringKey.add("logon", name, key, keyring="process")
            if start == 0:
                self.key[:] = bytes(len(self.key))
        return self.kept[start]


def case_of(how: str, algorithm: str, sizes: tuple[int, int, int], pipe: int) -> Case:
    """Read a case's secrets."""
    if how == "keyring":
        return KeyringCase(algorithm, sizes, pipe)
    return Case("userspace" if how == "userspace" else "kernel", algorithm, sizes, pipe)
