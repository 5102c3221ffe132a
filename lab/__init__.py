"""The lab: kernels that have AF_ALG, booted on a machine that may have none.

The way of one run, from top to bottom:

    __main__   the command line
    matrix     which kernels there are
    cache      what is fetched already; one fetch at a time; nothing half-fetched
    mirror     the Debian archive that this machine uses, read out of apt's configuration
    packages   Debian packages without root and without touching /etc/apt; missing tools
    uml        one kind of machine: what it is made of and how it is started
    guest      the script that is process 1 inside
    machine    starts, streams, times out, kills, hands the status back: any kind of machine
"""
