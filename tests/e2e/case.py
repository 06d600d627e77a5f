"""Base of the tests that run a real client twice, directly and through the proxy, and compare everything."""

import collections
import unittest

from tests.e2e.normalise import normal_request
from tests.e2e.records import micro_usd, printed_lines, stored_requests
from tests.e2e.run import run_both
from tests.support.compare import reply_differences, request_differences


class ClientCase(unittest.TestCase):
    maxDiff = 4000

    def run_both(self, script, act, **options):
        """(direct, proxied), after the checks that hold for every session whatever it did."""
        direct, proxied = run_both(script, act, **options)
        self.addCleanup(direct.discard)
        self.addCleanup(proxied.discard)
        self.assertEqual(proxied.exit_code, 0, f"the proxy did not end well\n{proxied.proxy.output()}")
        self.assert_relayed_exactly(proxied)
        self.assert_same_requests(direct, proxied)
        self.assert_recorded(proxied)
        return direct, proxied

    def assert_relayed_exactly(self, run):
        """Within one run nothing has to be set aside: what left the client is what reached upstream, and back."""
        waiting = list(run.upstream_exchanges())
        for sent in run.client_exchanges():
            seen = next((each for each in waiting if (each.request.start_line, each.request.body) ==
                         (sent.request.start_line, sent.request.body)), None)
            self.assertIsNotNone(seen, f"{sent.request.start_line} never reached upstream unchanged")
            waiting.remove(seen)
            differences = request_differences(sent.request.start_line, sent.request.headers, sent.request.body,
                                              seen.request, seen.request.get("host"))
            self.assertEqual(differences, [], f"{sent.request.start_line} on its way to upstream")
            self._assert_answer_relayed(seen, sent)
        self.assertEqual([each.request.start_line for each in waiting], [], "upstream saw requests of the proxy's own")

    def _assert_answer_relayed(self, seen, sent):
        where = f"the answer to {sent.request.start_line}"
        if seen.response is None:
            return  # what the proxy says where upstream says nothing is judged by the test that provokes it
        if sent.connection.from_client.reset or sent.connection.from_client.ended_at and not sent.response:
            return  # the client left: what it had not read yet is nobody's business
        self.assertIsNotNone(sent.response, f"{where} was lost")
        self.assertEqual(reply_differences(seen.response, sent.response), [], where)
        self.assertEqual(sent.response.whole, seen.response.whole, f"{where}: the cut was not passed on")

    def assert_same_requests(self, direct, proxied):
        """The client cannot tell: in both runs it made the same requests. Concurrent ones may change places."""
        wanted = collections.Counter(normal_request(each) for each in direct.upstream_exchanges())
        came = collections.Counter(normal_request(each) for each in proxied.upstream_exchanges())
        missing, added = list((wanted - came).elements()), list((came - wanted).elements())
        self.assertEqual(len(missing), len(added), f"{sum(came.values())} requests, {sum(wanted.values())} without the proxy")
        for one, other in zip(sorted(missing), sorted(added)):
            self.assertEqual(one, other)

    def assert_recorded(self, run):
        """A row for each request, and for each that was billed the tokens and the cost of the simulator's own ledger."""
        rows = stored_requests(run.proxy.home)
        self.assertEqual(len(rows), len(run.client_exchanges()), "rows in the store against requests of the client")
        by_request = {row["upstream_request_id"]: row for row in rows}
        for entry in run.ledger:
            row = by_request.get(entry["request_id"])
            self.assertIsNotNone(row, f"no row for {entry}")
            self.assertEqual(_row_figures(row), _ledger_figures(entry))
        self.assert_printed(run, rows)

    def assert_printed(self, run, rows):
        lines = printed_lines(run.proxy.stdout())
        self.assertEqual(len(lines), len(rows), run.proxy.stdout())

    def assert_classes(self, run, **wanted):
        rows = stored_requests(run.proxy.home)
        self.assertEqual(collections.Counter(row["request_class"] for row in rows), collections.Counter(wanted))

    def outcomes(self, run):
        """How the requests ended, in the order in which they started."""
        return [row["outcome"] for row in stored_requests(run.proxy.home)]


def _row_figures(row):
    return {key: row[key] for key in ("status", "served_model", "message_id", "input_tokens", "cache_read_tokens",
                                      "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "cost_usd_micros")}


def _ledger_figures(entry):
    usage = entry["usage"]
    return {
        "status": entry["status"], "served_model": entry["model"], "message_id": entry["message_id"],
        "input_tokens": usage["input"], "cache_read_tokens": usage["cache_read"],
        "cache_write_5m_tokens": usage["write_5m"], "cache_write_1h_tokens": usage["write_1h"],
        "output_tokens": usage["output"], "cost_usd_micros": micro_usd(entry["cost_pico"]),
    }
