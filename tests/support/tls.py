"""TLS in front of the scripted upstream, with certificates made on the spot by the openssl command."""
import asyncio
import contextlib
import ssl
import subprocess
import tempfile
from pathlib import Path

_CA_CONFIG = """
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


class Certificates:
    """A certificate authority of our own in a temporary folder; `remove()` at the end."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="distiq-test-ca-")
        self.folder = Path(self._folder.name)
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "ca.cnf").write_text(_CA_CONFIG.format(folder=self.folder))
        self.authority = self.folder / "ca.pem"
        self._openssl("req", "-x509", *self._key("ca"), "-out", self.authority, "-days", "30", "-subj", "/CN=Test CA")

    def server(self, name: str, alternatives: str, expired: bool = False) -> ssl.SSLContext:
        """A server's context; `alternatives` as openssl writes them: "DNS:localhost,IP:127.0.0.1"."""
        request, certificate = self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        self._openssl("req", "-new", *self._key(name), "-out", request, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}")
        until = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z") if expired else ("-days", "10")
        self._openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-in", request, "-out", certificate,
                      "-cert", self.authority, "-keyfile", self.folder / "ca.key", *until)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, self.folder / f"{name}.key")
        return context

    def _key(self, name: str):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / f"{name}.key")

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")

    def remove(self):
        self._folder.cleanup()


class TlsGate:
    """Ends TLS and relays the plain bytes to the upstream. What upstream ends cleanly ends here with close_notify; with
    `truncate` the TCP connection just stops, as an attacker or a crash would have it."""

    def __init__(self, upstream_port: int, context: ssl.SSLContext, truncate: bool = False):
        self.upstream_port = upstream_port
        self.context = context
        self.truncate = truncate
        self.names = []             # SNI of each handshake, None without
        self.connections = 0        # handshakes that succeeded
        self.port = 0
        self._server = None
        self._writers = set()
        context.sni_callback = lambda _, name, __: self.names.append(name)

    async def start(self) -> "TlsGate":
        asyncio.get_running_loop().set_exception_handler(self._quiet)
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0, ssl=self.context, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @staticmethod
    def _quiet(loop, context):
        """Handshakes that fail on purpose are no news."""
        if not isinstance(context.get("exception"), (ssl.SSLError, ConnectionError)):
            loop.default_exception_handler(context)

    async def stop(self):
        self._server.close()
        self.drop()

    def drop(self):
        for writer in list(self._writers):
            writer.transport.abort()

    async def _relay(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        except OSError:
            writer.transport.abort()
            return
        there = asyncio.create_task(self._pump(reader, far_writer))
        back = asyncio.create_task(self._pump(far_reader, writer))
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        if back.done() and not there.done():
            if self.truncate:
                await asyncio.sleep(0.01)
                writer.transport.abort()
            else:
                writer.close()
        for task in (there, back):
            task.cancel()
        far_writer.close()
        with contextlib.suppress(Exception):
            writer.close()
        self._writers.discard(writer)

    @staticmethod
    async def _pump(reader, writer):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()


class ConnectProxy:
    """An HTTP proxy that knows only CONNECT. Every tunnel leads to `target_port` here, whatever name was asked for."""

    def __init__(self, target_port: int, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"):
        self.target_port = target_port
        self.answer = answer
        self.heads = []  # raw, as they came
        self.port = 0

    async def start(self) -> "ConnectProxy":
        self._server = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self._server.close()

    async def _tunnel(self, reader, writer):
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError:
            writer.close()
            return
        writer.write(self.answer)
        if b" 200 " not in self.answer:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        pumps = [asyncio.create_task(TlsGate._pump(reader, far_writer)), asyncio.create_task(TlsGate._pump(far_reader, writer))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for task in pumps:
            task.cancel()
        far_writer.close()
        writer.close()
