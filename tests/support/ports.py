"""Free TCP ports on loopback. A port is never handed out twice by one process.

They lie below the range from which the system takes ports for outgoing connections, and are chosen at random: else a
connection of any other process, or a test that runs beside this one, may take the port before its server listens."""
import random
import socket

LOWEST, HIGHEST = 12000, 32000
_given = set()
_random = random.SystemRandom()


def free_port() -> int:
    while True:
        port = _random.randint(LOWEST, HIGHEST)
        if port in _given or not _is_free(port):
            continue
        _given.add(port)
        return port


def _is_free(port) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
