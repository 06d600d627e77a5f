"""What all end-to-end modules share: installed clients and, where permitted, a network with only loopback."""

import os
import sys
import unittest

from tests.e2e import clients
from tests.e2e.netns import LoopbackOnly

_isolation = None


def open_world():
    """For setUpModule. Missing clients fail the module; only DISTIQ_SKIP_CLIENTS=1 skips it."""
    global _isolation
    if os.environ.get("DISTIQ_SKIP_CLIENTS") == "1":
        raise unittest.SkipTest("DISTIQ_SKIP_CLIENTS=1: the real clients were not run")
    clients.install()
    _isolation = LoopbackOnly()
    _isolation.enter()
    if _isolation.refusal:
        print(f"end to end: {_isolation.refusal}; running on the machine's own loopback", file=sys.stderr)


def close_world():
    """For tearDownModule."""
    if _isolation:
        _isolation.leave()
