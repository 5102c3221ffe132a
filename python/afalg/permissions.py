"""What keys of the kernel's keyrings are described with."""

from enum import IntFlag

__all__ = ["KeyPermission"]


class KeyPermission(IntFlag):
    """Who may do what with a key: what keyctl_setperm(3) sets.

    A possessor is a process to which a keyring of its thread, process or session leads;
    user and group are the key's; other is everyone else. A process has what its
    possession gives it beside what its ids give it.

    view: see type, description and permissions. read: read the bytes (of logon keys
    nobody). write: update, revoke; add to a keyring. search: find it, and have a Cipher
    use it. link: link it into a keyring. setattr: timeout, permissions, revoke.
    """

    POSSESSOR_VIEW = 0x01000000
    POSSESSOR_READ = 0x02000000
    POSSESSOR_WRITE = 0x04000000
    POSSESSOR_SEARCH = 0x08000000
    POSSESSOR_LINK = 0x10000000
    POSSESSOR_SETATTR = 0x20000000
    POSSESSOR_ALL = 0x3F000000
    USER_VIEW = 0x00010000
    USER_READ = 0x00020000
    USER_WRITE = 0x00040000
    USER_SEARCH = 0x00080000
    USER_LINK = 0x00100000
    USER_SETATTR = 0x00200000
    USER_ALL = 0x003F0000
    GROUP_VIEW = 0x00000100
    GROUP_READ = 0x00000200
    GROUP_WRITE = 0x00000400
    GROUP_SEARCH = 0x00000800
    GROUP_LINK = 0x00001000
    GROUP_SETATTR = 0x00002000
    GROUP_ALL = 0x00003F00
    OTHER_VIEW = 0x00000001
    OTHER_READ = 0x00000002
    OTHER_WRITE = 0x00000004
    OTHER_SEARCH = 0x00000008
    OTHER_LINK = 0x00000010
    OTHER_SETATTR = 0x00000020
    OTHER_ALL = 0x0000003F


KeyPermission.__module__ = "afalg"
