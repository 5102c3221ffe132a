"""The lab: kernels that have AF_ALG, booted on a machine that may have none.

The way of one run, from top to bottom:

    __main__     the command line
    matrix       which kernels there are
    cache        what is fetched already; one fetch at a time; nothing half-fetched
    mirror       the Debian archive that this machine uses, read out of apt's configuration
    packages     Debian packages without root and without touching /etc/apt; missing tools
    uml          one kind of machine: User-mode Linux, fetched and started
    qemu         the other: a whole computer for Debian's stock kernels
    stock        what the archive has of those, made bootable
    initramfs    what they start with: the way to the host's files
    accelerator  whether KVM runs them here or TCG has to
    guest        the script that is process 1 inside
    machine      starts, streams, times out, kills, hands the status back: any kind of machine
    stream       the command's output, to its last byte
"""
