"""`afalg sectors`: a range of a disk image, decrypted or encrypted."""

import argparse
import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import afalg
from afalg.cli import inplace
from afalg.cli.disk import Image, Range, each_block, opened_image
from afalg.cli.keys import add_key_options, key_of
from afalg.cli.luks import spare_header
from afalg.cli.output import AddVerb, Answer, RefusedError, warn
from afalg.cli.plumbing import STANDARD, opened_target
from afalg.cli.progress import add_progress_options, bar
from afalg.cli.signals import orderly
from afalg.cli.words import number
from afalg.dmcrypt import DiskCipher, disk_cipher
from afalg.options import Direction

__all__ = ["add_to"]

CIPHER = "aes-xts-plain64"
SMALL = 512
SECTOR_SIZES = (512, 1024, 2048, 4096)
LARGEST = (1 << 63) - 1
UNITS = {"": 1, "s": SMALL} | {f"{unit}iB": 1 << 10 * (at + 1) for at, unit in enumerate("KMGT")}

WHAT = "decrypt or encrypt sectors of a disk image, as dm-crypt and LUKS have them"
ABOUT = """\
{does} sectors of a disk image or block device: each is a message of its own, and its number is
its IV, as dm-crypt has it. No device-mapper and no root is needed.

Where a LUKS volume's sectors are, how large they are and their cipher is in its header:

    $ cryptsetup luksDump disk.img
    Data segments:
      0: crypt
        offset: 16777216 [bytes]
        cipher: aes-xts-plain64
        sector: 4096 [bytes]

    $ cryptsetup luksDump --dump-volume-key --volume-key-file disk.key disk.img
    $ afalg sectors decrypt disk.img --offset 16777216 --sector-size 4096 --key-file disk.key \\
        -o plain.img

One sector alone, on the terminal: --first 12345 --count 1 -o - | xxd
LUKS1 has its offset in sectors of 512 bytes, and all its sectors are such: --offset 4096s

Nothing is authenticated: a wrong key, offset, cipher or sector size gives noise and no error.
"""
STATUSES = """\
The exit status is 0, or 1 where it could not be done (then what -o names is as it was), 2 where
the command line is wrong, 3 where nobody reads what is written, 130 after Ctrl-C. With --in-place
an error, Ctrl-C or SIGTERM ends between two sectors, and it is said how to go on; what a crash or
SIGKILL leaves nobody knows, so write to another file where there is room.
"""


def add_to(add_verb: AddVerb) -> None:
    """Add the verb and its own verbs."""
    verb = add_verb("sectors", help=WHAT, description=f"{WHAT.capitalize()}.", epilog=STATUSES)
    deed = verb.add_subparsers(required=True, metavar="VERB").add_parser
    directions: tuple[tuple[Direction, str], ...] = (("decrypt", "Decrypt"), ("encrypt", "Encrypt"))
    for direction, does in directions:
        one = deed(
            direction,
            help=f"{direction} sectors, to another file or in place",
            description=ABOUT.format(does=does),
            epilog=STATUSES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.add_argument("file", metavar="FILE", help="the disk image, or a block device")
        _add_where(one)
        _add_which(one)
        add_key_options(one)
        one.add_argument("--provider", choices=("auto", "kernel", "userspace"), help="who computes")
        add_progress_options(one)
        one.add_argument(
            *("-q", "--quiet"), action="store_true", help="do not say that nothing is authenticated"
        )
        one.set_defaults(act=partial(_sectors, direction), prints=False)


def _add_where(verb: argparse.ArgumentParser) -> None:
    to = verb.add_mutually_exclusive_group()
    to.add_argument(
        *("-o", "--out"),
        metavar="FILE",
        help="gets the sectors and nothing else; replaced when all is done; -: standard output",
    )
    to.add_argument(
        "--in-place", action="store_true", help="overwrite the sectors where they are; asks before"
    )
    verb.add_argument("--yes", action="store_true", help="with --in-place: do not ask")


def _add_which(verb: argparse.ArgumentParser) -> None:
    group = verb.add_argument_group("which sectors", "The defaults are dm-crypt's.")
    group.add_argument(
        *("-c", "--cipher"),
        metavar="NAME",
        type=_cipher,
        default=CIPHER,
        help=f"as dm-crypt and cryptsetup spell it: {CIPHER} (if not given), aes-cbc-essiv:sha256, "
        "'capi:xts(aes)-plain64'; or the kernel's name, 'xts(aes)', with plain64",
    )
    group.add_argument(
        "--sector-size",
        type=int,
        choices=SECTOR_SIZES,
        default=SMALL,
        help=f"bytes of a sector; {SMALL} if not given",
    )
    group.add_argument(
        "--offset",
        metavar="SIZE",
        type=_size,
        default=0,
        help="where sector 0 begins in FILE: bytes, or 16MiB, or 32768s (of 512 bytes each, "
        "whatever --sector-size); 0 if not given",
    )
    group.add_argument(
        "--first",
        metavar="N",
        type=_count,
        default=0,
        help="the first sector to do, counted from --offset in --sector-size; 0 if not given",
    )
    group.add_argument(
        "--count", metavar="N", type=_count, help="how many; all to FILE's end if not given"
    )
    _add_numbers(group.add_argument)


def _add_numbers(add: Callable[..., argparse.Action]) -> None:
    add(
        "--iv-offset",
        metavar="N",
        type=_count,
        default=0,
        help="what is added to the numbers, in 512 bytes: LUKS2's iv_tweak, cryptsetup's --skip; "
        "0 if not given",
    )
    add(
        "--iv-large-sectors",
        action="store_true",
        help="sectors have the numbers 0, 1, 2. If not given a number counts 512 bytes, for large "
        "sectors too: 0, 8, 16 for those of 4096",
    )


def _cipher(text: str) -> DiskCipher:
    try:
        return disk_cipher(text)
    except afalg.InvalidInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _size(text: str) -> int:
    read = re.fullmatch(r"([0-9]{1,19})([A-Za-z]*)", text)
    if read and read[2] in UNITS and (size := int(read[1]) * UNITS[read[2]]) <= LARGEST:
        return size
    raise argparse.ArgumentTypeError(f"{text!r} is no size such as 16777216, 16MiB or 32768s")


def _count(text: str) -> int:
    return number(text, 0, LARGEST)


def _sectors(direction: Direction, chosen: argparse.Namespace) -> Answer:
    disk: DiskCipher = chosen.cipher
    with ExitStack() as opened:
        image = opened.enter_context(opened_image(chosen.file, write=chosen.in_place))
        work = _range(chosen, disk, image)
        if chosen.in_place:
            spare_header(chosen.file, chosen.offset)
            inplace.confirm(direction, image, work, sure=chosen.yes)
        else:
            _check_out(chosen)
        with key_of(chosen, disk.algorithm) as key:
            cipher = opened.enter_context(
                afalg.Cipher(disk.algorithm, key, provider=chosen.provider)
            )
        if not chosen.quiet:
            _warn(direction, disk.algorithm)
        if chosen.in_place:
            return inplace.overwrite(direction, image, work, cipher, wanted=chosen.progress)
        opened.enter_context(orderly())
        target = opened.enter_context(opened_target(chosen.out))
        with bar(image.name, work.size, wanted=chosen.progress) as advance:
            for block in each_block(direction, image, work, cipher):
                target.write(block.made)
                advance(block.end * work.sector_size)
    return Answer("")


def _range(chosen: argparse.Namespace, disk: DiskCipher, image: Image) -> Range:
    """Find out which bytes of the image are meant, and their numbers."""
    step = chosen.sector_size // SMALL
    if chosen.iv_offset % step:
        raise RefusedError(
            f"--iv-offset counts 512 bytes and is {chosen.iv_offset}, which is no whole number of "
            f"sectors of {chosen.sector_size} bytes, a multiple of {step}"
        )
    large = chosen.iv_large_sectors
    return image.range(
        Range(
            sector_size=chosen.sector_size,
            offset=chosen.offset,
            first=chosen.first,
            count=chosen.count or 0,
            iv=disk.iv,
            iv_base=chosen.iv_offset // step if large else chosen.iv_offset,
            iv_step=1 if large else step,
        ),
        to_the_end=chosen.count is None,
        numbers=disk.numbers,
    )


def _check_out(chosen: argparse.Namespace) -> None:
    if chosen.yes:
        raise RefusedError("--yes goes with --in-place; without it nothing is overwritten")
    if chosen.out in {None, STANDARD}:
        return
    same = False
    out = Path(chosen.out)
    with suppress(OSError):  # what is wrong with it is said when it is opened
        same = out.samefile(chosen.file)
    spare_header(chosen.out)
    if same:
        raise RefusedError(
            f"{out} is the image itself, in whose place the sectors alone would be: name another "
            "file, or say --in-place"
        )


def _warn(direction: Direction, algorithm: str) -> None:
    what = (
        "whoever can change the disk can change what it decrypts to"
        if direction == "encrypt"
        else "nothing tells whether these sectors are what was written, or the key is the right one"
    )
    warn(f"{algorithm} does not authenticate: {what}")
