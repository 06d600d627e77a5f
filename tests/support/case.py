"""TestCase with a proxy and a scripted upstream that live as long as the class. Test methods are coroutines in one event loop.

After each test the proxy must be alive, must answer the next request, and must not have reported a sanitizer error."""
import asyncio
import contextlib
import inspect
import unittest

from .client import Client
from .gate import Gate
from .proxy import Proxy, is_sanitized
from .upstream import Answer, Upstream

TEST_LIMIT_S = 60.0


def run_async(runner: asyncio.Runner, coroutine, limit: float = TEST_LIMIT_S):
    async def bounded():
        return await asyncio.wait_for(coroutine, limit)
    return runner.run(bounded())


class AsyncCase(unittest.TestCase):
    """Test methods may be coroutines; all of a class share one event loop (`cls.runner`)."""
    limit_s = TEST_LIMIT_S

    @classmethod
    def setUpClass(cls):
        cls.runner = asyncio.Runner()
        try:
            run_async(cls.runner, cls.open())
        except BaseException:
            run_async(cls.runner, cls.shut())
            cls.runner.close()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            run_async(cls.runner, cls.shut())
        finally:
            cls.runner.close()

    @classmethod
    async def open(cls):
        """What the whole class needs."""

    @classmethod
    async def shut(cls):
        """Undoes open(); also called when open() failed half-way."""

    async def before(self):
        """Before each test."""

    async def after(self):
        """After each test, also a failed one."""

    @contextlib.contextmanager
    def subTest(self, *args, **kwargs):
        """unittest's own takes the cancellation of a test that is over its limit for one more failure, and goes on for ever."""
        cancelled = None
        with super().subTest(*args, **kwargs):
            try:
                yield
            except asyncio.CancelledError as error:
                cancelled = error
                raise AssertionError(f"over the limit of {self.limit_s} s for the whole test") from None
        if cancelled:
            raise cancelled

    def _callSetUp(self):
        run_async(self.runner, self.before(), self.limit_s)

    def _callTestMethod(self, method):
        result = method()
        if inspect.iscoroutine(result):
            run_async(self.runner, result, self.limit_s)

    def _callTearDown(self):
        run_async(self.runner, self.after(), self.limit_s)


class UpstreamCase(AsyncCase):
    """Only an upstream: for tests that start and end proxies themselves with `self.proxy(...)`."""

    async def before(self):
        self.upstream = await Upstream().start()
        self.proxies = []

    def new_proxy(self, upstream_url: str = None, **kwargs) -> Proxy:
        proxy = Proxy(upstream_url or self.upstream.url, **kwargs)
        self.proxies.append(proxy)
        return proxy

    async def after(self):
        await self.upstream.stop()
        for proxy in self.proxies:
            try:
                if proxy.alive():
                    proxy.kill9()
                check_no_sanitizer_report(proxy)
            finally:
                proxy.remove_files()
        self.assertEqual(self.upstream.errors, [], "a scripted handler failed")


class ProxyCase(AsyncCase):
    """One proxy for the class: `self.proxy`, its `self.upstream` and, with `gated`, the `self.gate` between them."""
    env = {}
    gated = False

    @classmethod
    async def open(cls):
        cls.proxy = cls.gate = None
        cls.upstream = await Upstream().start()
        if cls.gated:
            cls.gate = await Gate(cls.upstream.port).start()
        hop = cls.gate or cls.upstream
        cls.upstream_authority = hop.authority
        cls.proxy = Proxy(hop.url, env=cls.env)
        await cls.proxy.start()

    @classmethod
    async def shut(cls):
        try:
            if cls.proxy:
                code = await cls.proxy.stop()
                check_no_sanitizer_report(cls.proxy)
                if code != 0:
                    raise AssertionError(f"exit code {code} after SIGTERM\n{cls.proxy.output()}")
        finally:
            if cls.gate:
                await cls.gate.stop()
            await cls.upstream.stop()
            if cls.proxy:
                cls.proxy.remove_files()

    async def before(self):
        self.upstream.reset()

    async def after(self):
        self.assertTrue(self.proxy.alive(), f"the proxy is gone\n{self.proxy.output()}")
        errors = list(self.upstream.errors)
        if self.gate:
            self.gate.fault = None
        await self.next_request_works()
        self.assertEqual(errors, [], "a scripted handler failed")

    async def client(self, **kwargs) -> Client:
        client = await self.proxy.client(**kwargs)
        self.addCleanup(self._close, client)
        return client

    def _close(self, client: Client):
        async def close():
            client.close()
        run_async(self.runner, close())

    async def ask(self, method="POST", target="/v1/messages", headers=(), body=b'{"model":"claude-opus-5-5"}', **kwargs):
        return await self.proxy.ask(method, target, headers, body, **kwargs)

    async def next_request_works(self):
        """The proof of recovery: a plain request reaches upstream and is answered."""
        self.upstream.reset()
        self.upstream.answer = Answer(body=b'{"still":"here"}')
        reply = await self.ask(headers=[("content-type", "application/json")])
        self.assertIsNotNone(reply, f"no answer to the next request\n{self.proxy.output()}")
        self.assertEqual((reply.status, reply.data), (200, b'{"still":"here"}'))
        self.upstream.reset()

    async def settles(self, measure, bound, timeout: float = 3.0):
        """Waits until measure() <= bound; the last value."""
        end = asyncio.get_running_loop().time() + timeout
        while (value := measure()) > bound and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        return value

    def assert_memory_below(self, kb: int, mib: int, why: str = "memory grows"):
        if not is_sanitized():
            self.assertLess(kb, mib * 1024, why)

    async def assert_no_fd_growth(self, before: int, allowed: int = 6):
        """`allowed` covers the idle pool to upstream."""
        now = await self.settles(self.proxy.fds, before + allowed)
        self.assertLessEqual(now, before + allowed, "descriptors leak")


def check_no_sanitizer_report(proxy: Proxy):
    text = proxy.stderr()
    for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:"):
        if mark in text:
            raise AssertionError(f"sanitizer report\n{text[-8000:]}")
