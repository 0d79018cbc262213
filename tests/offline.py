"""Run ``dedupe`` in a process that the kernel kills at its first socket, whoever opens it.

A filter of system calls (seccomp) also stops libraries that go past Python's own sockets. The
numbers are those of <asm/unistd.h> and <linux/audit.h>.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The architecture as the filter sees it, and the number of its call ``socket``."""
SUPPORTED = sys.platform == "linux" and platform.machine() in SOCKET

LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER, ARCHITECTURE = 0, 4
ALLOW, KILL = 0x7FFF0000, 0x80000000
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2


def program() -> bytes:
    """Kill the process for a socket or a foreign architecture, allow all else."""
    architecture, socket = SOCKET[platform.machine()]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 0, 3, architecture),
        (LOAD, 0, 0, NUMBER),
        (JUMP_EQUAL, 1, 0, socket),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, KILL),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def forbid_sockets() -> None:
    """From here on, in this process and its children, a socket is death (SIGSYS)."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = program()
    held = ctypes.create_string_buffer(code, len(code))
    given = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SECCOMP, FILTER, given, 0, 0):
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


if __name__ == "__main__":
    from dedupe.__main__ import main

    forbid_sockets()
    if sys.argv[1:] == ["connect"]:
        import socket

        socket.socket()
    sys.exit(main(sys.argv[1:]))
