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

from tests.e2e.claude import Profile
from tests.e2e.exchanges import exchanges_of
from tests.e2e.records import stored_requests
from tests.e2e.simulator import Simulator
from tests.e2e.wiretap import Wiretap
from tests.support.proxy import Proxy


PROFILES = "dq-e2e-"


class Run:
    def __init__(self, root, proxied, proxy_settings=None, upstream=Simulator):
        self.proxy = None
        self.simulator = upstream()
        self._at_upstream = Wiretap(self.simulator.port)
        self._at_client = self._at_upstream
        if proxied:
            self.proxy = Proxy(f"http://127.0.0.1:{self._at_upstream.port}", env=proxy_settings)
            asyncio.run(self.proxy.start())
            self._at_client = Wiretap(self.proxy.port)
        self.base_url = f"http://127.0.0.1:{self._at_client.port}"
        self.profile = Profile(root, self.base_url)
        self.outcome = None
        self.exit_code = None
        self.ledger = None

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
        self.ledger = self.simulator.ledger()
        if self.proxy:
            self.exit_code = asyncio.run(self.proxy.stop())
        self.simulator.stop()
        for tap in {self._at_client, self._at_upstream}:
            tap.close()

    def discard(self):
        shutil.rmtree(self.profile.root.parent, ignore_errors=True)
        if self.proxy:
            self.proxy.remove_files()


def run_both(script, act, **options):
    """The same session directly and through the proxy, side by side: script(simulator), then run.outcome = act(run)."""
    # Two folders whose names a tokenizer cannot tell apart: paths are part of prompts.
    folder = tempfile.mkdtemp(prefix=PROFILES)

    def one(proxied):
        run = Run(f"{folder}/{'b' if proxied else 'a'}", proxied, **options)
        try:
            script(run.simulator)
            run.outcome = act(run)
        finally:
            run.finish()
        return run
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(one, (False, True)))
