"""What ``afalg.algorithms`` and ``afalg.info`` give."""

from dataclasses import dataclass, fields
from typing import Literal

from afalg.options import AlgType

__all__ = ["AlgorithmInfo"]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class AlgorithmInfo:
    """What is known of one algorithm: plain data, which compares, hashes and pickles.

    Sizes are in bytes. What does not apply or is not known is None.

    Attributes:
        name: what to ask for, as the kernel spells it.
        type: AF_ALG's type: "skcipher", "aead", "hash" or "rng".
        providers: who serves it: "kernel", "userspace"; the kernel, where it was not
            asked, if it lists the algorithm. Empty: nobody is known to.
        reason: why the kernel does not serve it, if it was asked, as a stable code:
            "no-af-alg", "denied", "type-missing", "not-found", "restricted", "self-test".
        open_to: who may bind it at the kernel now: "everyone" who may open AF_ALG, or
            "privileged" processes alone, which have CAP_NET_ADMIN or CAP_SYS_ADMIN in
            the initial user namespace (crypto.af_alg_restrict, Linux 7.3).
        driver: the kernel's implementation, "cbc-aes-aesni"; of several the one that
            serves, which has the highest priority.
        module: the kernel module that the driver is in; "kernel" where it is built in.
        priority: the driver's, among those of one name.
        self_test: "passed" or "unknown", as /proc/crypto says.
        block_size: what lengths are multiples of in ecb and cbc; 1 in ctr.
        chunk_size: the step in which a skcipher advances: its block, also in ctr.
        iv_size: the exact size of an IV; 0 where there is none.
        key_sizes: the sizes of a skcipher's keys, smallest first.
        max_tag_size: the longest tag of an aead.
        digest_size: the result of a hash.
        seed_size: the seed of an rng.
        continuation: how a message of a skcipher goes on past one kernel request: "iv",
            "kernel-iv", "counter", "sibling" (DESIGN.md tells them apart), or
            "one-request": it cannot.
        max_message: the longest message that the kernel takes where it cannot, here and
            now; None elsewhere: no limit. Userspace has none.
        constant_time: whether userspace takes the same time for all keys and data: no
            key-dependent byte is looked up in a table. None where userspace does not
            have it; of the kernel's drivers nobody has said.

    """

    name: str
    type: AlgType
    providers: tuple[str, ...] = ()
    reason: str | None = None
    open_to: Literal["everyone", "privileged"] | None = None
    driver: str | None = None
    module: str | None = None
    priority: int | None = None
    self_test: Literal["passed", "unknown"] | None = None
    block_size: int | None = None
    chunk_size: int | None = None
    iv_size: int | None = None
    key_sizes: tuple[int, ...] | range | None = None
    max_tag_size: int | None = None
    digest_size: int | None = None
    seed_size: int | None = None
    continuation: Literal["iv", "kernel-iv", "counter", "sibling", "one-request"] | None = None
    max_message: int | None = None
    constant_time: bool | None = None

    def __repr__(self) -> str:
        """Show what is known, as the call that would make it."""
        facts = ((field.name, getattr(self, field.name)) for field in fields(self))
        known = ", ".join(f"{name}={fact!r}" for name, fact in facts if fact is not None)
        return f"AlgorithmInfo({known})"


AlgorithmInfo.__module__ = "afalg"
