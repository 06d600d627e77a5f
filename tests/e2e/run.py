"""One session of a real client against a fresh simulator, directly or through the proxy, everything recorded.

    direct:   client -> wiretap -> simulator
    proxied:  client -> wiretap -> proxy -> wiretap -> simulator
"""

import asyncio
import json
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.e2e.claude import Profile
from tests.e2e.exchanges import exchanges_of
from tests.e2e.records import stored_requests
from tests.e2e.simulator import Simulator
from tests.e2e.wiretap import Wiretap
from tests.support.proxy import Proxy

PROFILES = "dq-e2e-"


class Run:
    """`root`: the profile's folder. `upstream` makes the server that is asked in the end. Ready when constructed."""

    def __init__(self, root, proxied, proxy_settings=None, upstream=Simulator):
        self.proxy = None
        self.outcome = None    # what the session returned
        self.exit_code = None  # of the proxy
        self.ledger = None     # of the simulator
        self._to_end = ExitStack()
        try:
            self._start(proxied, proxy_settings, upstream)
            self.profile = Profile(root, self.base_url)
        except BaseException:
            self._to_end.close()
            raise

    def _start(self, proxied, proxy_settings, upstream):
        self.simulator = upstream()
        self._to_end.callback(self.simulator.stop)
        self._at_upstream = self._at_client = self._tap(self.simulator.port)
        self.upstream_authority = f"127.0.0.1:{self._at_upstream.port}"
        if proxied:
            self.proxy = Proxy(f"http://{self.upstream_authority}", env=proxy_settings)
            self._to_end.callback(self._stop_proxy)
            asyncio.run(self.proxy.start())
            self._at_client = self._tap(self.proxy.port)
        self.base_url = f"http://127.0.0.1:{self._at_client.port}"

    def _tap(self, port):
        tap = Wiretap(port)
        self._to_end.callback(tap.close)
        return tap

    def _stop_proxy(self):
        self.exit_code = asyncio.run(self.proxy.stop())

    def upstream_connections(self):
        return self._at_upstream.connections()

    def client_connections(self):
        return self._at_client.connections()

    def upstream_exchanges(self):
        return exchanges_of(self._at_upstream.connections())

    def client_exchanges(self):
        return exchanges_of(self._at_client.connections())

    def results(self):
        """What the session returned, as a list also where it was a single thing."""
        return self.outcome if isinstance(self.outcome, list) else [self.outcome]

    def refuse_upstream(self):
        """From now on nobody listens where upstream was."""
        self._at_upstream.close()

    def restart_proxy(self):
        """The proxy is killed without warning and started again on the same port and state."""
        self.proxy.kill9()
        asyncio.run(self.proxy.start())

    def stored(self):
        """The proxy's rows, after finish()."""
        return stored_requests(self.proxy.home)

    def stats(self):
        """What `distiq-code stats` tells the user, after finish()."""
        command = [self.proxy.command[0], "stats", "--json", "--period", "all"]
        done = subprocess.run(command, env=self.proxy.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
        if done.returncode != 0:
            raise AssertionError(f"stats ends with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def finish(self):
        """Ends every process, the proxy as a service manager would. What was recorded stays readable until discard()."""
        with self._to_end:
            self.ledger = self.simulator.ledger()

    def discard(self):
        shutil.rmtree(self.profile.root.parent, ignore_errors=True)
        if self.proxy:
            self.proxy.remove_files()


def run_proxied(script, act, **options):
    """One session through the proxy: script(simulator), then run.outcome = act(run)."""
    return _perform(Run(f"{tempfile.mkdtemp(prefix=PROFILES)}/b", True, **options), script, act)


def run_both(script, act, **options):
    """(direct, proxied): the same session directly and through the proxy, side by side."""
    # Two folders whose names a tokenizer cannot tell apart: paths are part of prompts.
    folder = tempfile.mkdtemp(prefix=PROFILES)

    def one(proxied):
        return _perform(Run(f"{folder}/{'b' if proxied else 'a'}", proxied, **options), script, act)
    with ThreadPoolExecutor(max_workers=2) as pool:
        return tuple(pool.map(one, (False, True)))


def _perform(run, script, act):
    try:
        try:
            script(run.simulator)
            run.outcome = act(run)
        finally:
            run.finish()
    except BaseException:
        run.discard()
        raise
    return run
