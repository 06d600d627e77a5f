"""One session of a real client against a fresh simulator, directly or through the proxy, everything recorded.

    direct:   client -> wiretap -> simulator
    proxied:  client -> wiretap -> proxy -> wiretap -> simulator
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.claude import Profile
from tests.e2e.exchanges import exchanges_of
from tests.e2e.simulator import Simulator
from tests.e2e.wiretap import Wiretap
from tests.support.proxy import Proxy


class Run:
    def __init__(self, proxied, proxy_settings=None, upstream=Simulator):
        self.proxy = None
        self.simulator = upstream()
        self._at_upstream = Wiretap(self.simulator.port)
        self._at_client = self._at_upstream
        if proxied:
            self.proxy = Proxy(f"http://127.0.0.1:{self._at_upstream.port}", env=proxy_settings)
            asyncio.run(self.proxy.start())
            self._at_client = Wiretap(self.proxy.port)
        self.base_url = f"http://127.0.0.1:{self._at_client.port}"
        self.profile = Profile(self.base_url)
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

    def finish(self):
        """Ends every process, the proxy as a service manager would. What was recorded stays readable until discard()."""
        self.ledger = self.simulator.ledger()
        if self.proxy:
            self.exit_code = asyncio.run(self.proxy.stop())
        self.simulator.stop()
        for tap in {self._at_client, self._at_upstream}:
            tap.close()

    def discard(self):
        self.profile.remove()
        if self.proxy:
            self.proxy.remove_files()


def run_both(script, act, **options):
    """The same session directly and through the proxy, side by side: script(simulator), then run.outcome = act(run)."""
    def one(proxied):
        run = Run(proxied, **options)
        try:
            script(run.simulator)
            run.outcome = act(run)
        finally:
            run.finish()
        return run
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(one, (False, True)))
