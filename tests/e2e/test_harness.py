"""The instruments of these tests, tested: a wiretap that altered or misread traffic would prove nothing."""

import os
import socket
import struct
import threading
import unittest

from tests.e2e.exchanges import exchanges_of
from tests.e2e.netns import LoopbackOnly
from tests.e2e.wiretap import Connection, Wiretap

REQUEST = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nx-Odd: 1\r\nX-odd: 2\r\nContent-Length: 4\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n5\r\nfives\r\n0\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
SIZED = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"


def recorded(sent, answered):
    connection = Connection(0, 0.0)
    for half, data in ((connection.from_client, sent), (connection.from_server, answered)):
        half.data += data
        half.marks.append((1.0, len(data)))
    return exchanges_of([connection])


class ReadingBack(unittest.TestCase):
    def test_headers_keep_order_case_and_repetition(self):
        (exchange,) = recorded(REQUEST, SIZED)
        self.assertEqual(exchange.request.headers,
                         [("Host", "x"), ("x-Odd", "1"), ("X-odd", "2"), ("Content-Length", "4")])
        self.assertEqual((exchange.target, exchange.request.body, exchange.status), ("/a?b=c", b"body", 404))

    def test_two_exchanges_on_one_connection_are_told_apart(self):
        first, second = recorded(REQUEST * 2, CHUNKED + SIZED)
        self.assertEqual((first.response.body, second.response.body), (b"fourfives", b"no"))

    def test_an_answer_that_lacks_its_last_byte_is_not_whole_wherever_it_is_cut(self):
        head = CHUNKED.index(b"\r\n\r\n") + 4
        for length in range(head, len(CHUNKED) - 4):
            (exchange,) = recorded(REQUEST, CHUNKED[:length])
            self.assertFalse(exchange.response.whole, f"cut after {length} bytes")
        self.assertTrue(recorded(REQUEST, CHUNKED)[0].response.whole)
        self.assertFalse(recorded(REQUEST, SIZED[:-1])[0].response.whole)

    def test_an_answer_without_a_whole_head_is_none(self):
        self.assertIsNone(recorded(REQUEST, CHUNKED[:30])[0].response)

    def test_an_interim_answer_is_not_the_answer(self):
        self.assertEqual(recorded(REQUEST, INTERIM + SIZED)[0].status, 404)


class Tapping(unittest.TestCase):
    def setUp(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        self.tap = Wiretap(self.server.getsockname()[1])
        self.addCleanup(self.tap.close)
        self.client = socket.create_connection(("127.0.0.1", self.tap.port), timeout=5)
        self.addCleanup(self.client.close)
        self.peer, _ = self.server.accept()
        self.peer.settimeout(5)
        self.addCleanup(self.peer.close)

    def test_bytes_pass_both_ways_and_are_recorded(self):
        self.client.sendall(b"there")
        self.assertEqual(self.peer.recv(100), b"there")
        self.peer.sendall(b"and back")
        self.assertEqual(self.client.recv(100), b"and back")
        (connection,) = self.tap.connections()
        self.assertEqual((bytes(connection.from_client.data), bytes(connection.from_server.data)), (b"there", b"and back"))

    def test_an_end_passes_as_an_end_and_the_other_direction_stays_open(self):
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.peer.recv(100), b"")
        self.peer.sendall(b"still here")
        self.assertEqual(self.client.recv(100), b"still here")

    def test_a_reset_passes_as_a_reset(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()
        with self.assertRaises(ConnectionResetError):
            self.peer.recv(100)
        self.assertTrue(self.tap.connections()[0].from_client.reset)


    def test_after_close_nobody_listens(self):
        self.tap.close()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.tap.port), timeout=1)


class Isolation(unittest.TestCase):
    def test_inside_there_is_loopback_and_nothing_else(self):
        seen = []

        def look():
            world = LoopbackOnly()
            world.enter()
            seen.append((world.refusal, [name for _, name in socket.if_nameindex()] if not world.refusal else ["lo"]))
            if not world.refusal:
                with socket.create_server(("127.0.0.1", 0)) as server:
                    socket.create_connection(server.getsockname(), timeout=1).close()
            world.leave()
            seen.append(os.readlink("/proc/thread-self/ns/net"))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        self.assertEqual(seen[0][1], ["lo"])
        self.assertEqual(seen[1], os.readlink("/proc/self/ns/net"), "the way out leads elsewhere")
