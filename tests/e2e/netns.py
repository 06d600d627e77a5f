"""A network namespace with only loopback, so that nothing under test can reach the outside world.

Entered by the calling thread; threads and processes that it starts afterwards inherit it. Needs the right to create
namespaces (root, usually). Not used for anything but isolation: where it is not permitted the tests run without it.
"""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

_libc = ctypes.CDLL(None, use_errno=True)


class LoopbackOnly:
    """Context of one isolated stretch; `refusal` says why it is not isolated, or is None."""

    def __init__(self):
        self.refusal = None
        self._outer = None

    def enter(self):
        outer = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        if _libc.unshare(CLONE_NEWNET) != 0:
            os.close(outer)
            self.refusal = f"no network namespace: {os.strerror(ctypes.get_errno())}"
            return
        self._outer = outer
        try:
            _bring_loopback_up()
        except OSError as error:
            self.leave()
            self.refusal = f"no loopback in a network namespace: {error.strerror}"

    def leave(self):
        if self._outer is None:
            return
        if _libc.setns(self._outer, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "cannot return to the outer network namespace")
        os.close(self._outer)
        self._outer = None


def _bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
