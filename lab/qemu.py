"""QEMU: a whole computer for Debian's stock kernels, with the host's files over virtio-9p."""

import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lab import cache, guest, initramfs, packages, stock
from lab.accelerator import Accelerator, choose
from lab.errors import LabError
from lab.machine import STATUS, Kind, Launch, Wish
from lab.matrix import Kernel

_PROGRAM = "qemu-system-x86_64"
_TOOLS = guest.TOOLS | {_PROGRAM: "qemu-system-x86"}
_CPUS = 2

# No probing of a timer that a loaded host ticks unevenly, no way back from a panic, and nothing of
# what only makes an emulated boot slower. An option given later wins.
_COMMAND_LINE = "console=ttyS0 quiet panic=-1 no_timer_check nokaslr mitigations=off"

# A real machine has the CPU's own ciphers loaded by udev, and by nothing else: the generic ones
# are there from the start, so that nobody asks. Temporary files are not for 9p: 7.3 cannot truncate
# one there whose name is gone.
_PREPARE = """\
modprobe="{modprobe} -d /run/lab -q"
for module in virtio_console aesni_intel ghash_clmulni_intel; do $modprobe $module || :; done
mkdir -m 1777 /run/lab/tmp
until [ -c "$(echo /dev/vport*p1)" ] && [ -c "$(echo /dev/vport*p2)" ]; do sleep 0.05; done
ln -s /dev/vport*p1 /run/lab/port1
ln -s /dev/vport*p2 /run/lab/port2"""


def obtain(kernel: Kernel) -> cache.Fetched:
    """Find the kernel in the cache or fetch it."""
    if platform.machine() != "x86_64":
        raise LabError(f"the lab's stock kernels are for x86_64, this is {platform.machine()}")
    if found := cache.look_up(kernel):
        return found
    packages.need_tools(guest.TOOLS)
    return cache.look_up_or(kernel, lambda new: stock.assemble(kernel, new))


def launch(kernel: cache.Fetched, task: guest.Task, wish: Wish, scratch: Path) -> Launch:
    """Write what this boot needs into a folder of its own and tell how to start it."""
    packages.need_tools(_TOOLS)
    cpus = wish.cpus or _CPUS
    accelerator = choose(
        kernel.folder,
        packages.tool(_PROGRAM),
        lambda wanted: _computer(kernel, wanted, cpus, wish.memory, [_COMMAND_LINE]),
    )
    mark = guest.new_mark()
    fittings = guest.Fittings(
        hostname=f"lab-{kernel.kernel.name}",
        modules=stock.modules_of(kernel.folder),
        stdout="/run/lab/port1",
        stderr="/run/lab/port2",
        status=scratch / STATUS,
        prepare=_PREPARE.format(modprobe=packages.tool("modprobe")),
        mark=mark,
    )
    init = scratch / "init"
    task = replace(task, environment={**task.environment, "TMPDIR": "/run/lab/tmp"})
    init.write_bytes(guest.script(task, fittings))
    init.chmod(0o755)
    words = [_COMMAND_LINE, f"lab_init={initramfs.as_word(init)}", *wish.append]

    def argv(out: int, err: int) -> list[str]:
        computer = _computer(kernel, accelerator, cpus, wish.memory, words)
        return [*computer, *_host_files(), *_outputs(out, err)]

    return Launch(
        argv=argv,
        environment={"PATH": packages.SYSTEM_PATH},
        folder=kernel.folder,
        scratch=scratch,
        mark=mark.encode(),
        about=f", {cpus} CPU{'s'[: cpus - 1]} {accelerator}",
    )


def _computer(
    kernel: cache.Fetched, accelerator: Accelerator, cpus: int, memory: str, words: Sequence[str]
) -> list[str]:
    """Give the command line of the bare machine with a kernel in it."""
    processor = ["-accel", accelerator.option, "-cpu", "max", "-smp", str(cpus), "-m", memory]
    console = ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
    files = [stock.program_of(kernel.folder), kernel.folder / stock.INITRAMFS]
    boot = ["-no-reboot", "-kernel", str(files[0]), "-initrd", str(files[1])]
    program = [packages.tool(_PROGRAM), "-machine", "q35"]
    return [*program, *processor, *console, *boot, "-append", " ".join(words)]


def _host_files() -> Sequence[str]:
    share = "local,id=host,path=/,security_model=none,multidevs=remap"
    return "-fsdev", share, "-device", "virtio-9p-pci,fsdev=host,mount_tag=host"


def _outputs(out: int, err: int) -> list[str]:
    """Give one port each to the command's outputs: no terminals, bytes go through as they are."""
    options = ["-device", "virtio-serial-pci"]
    for number, descriptor in ((1, out), (2, err)):
        options += ["-add-fd", f"fd={descriptor},set={number}"]
        options += ["-chardev", f"file,id=port{number},path=/dev/fdset/{number},append=on"]
        options += ["-device", f"virtserialport,chardev=port{number},nr={number}"]
    return options


KIND = Kind(obtain, launch)
