"""Base of the tests that run a real client twice, directly and through the proxy, and compare everything."""

import collections
import json
import re
import unittest
import zlib

from tests.e2e.claude import DUMMY_KEY
from tests.e2e.normalise import normal_request
from tests.e2e.records import micro_usd, printed_lines
from tests.e2e.run import run_both
from tests.e2e.view import view
from tests.support.compare import body_differences, reply_differences, request_differences
from tests.support.usage import cost_pico, of_answer


class ClientCase(unittest.TestCase):
    maxDiff = 4000

    def run_both(self, script, act, resent=0, **options):
        """(direct, proxied), after the checks that hold for every session whatever it did. `resent`: how many requests the
        proxy sends twice because a connection from its pool turns out to be dead."""
        direct, proxied = run_both(script, act, **options)
        self.addCleanup(direct.discard)
        self.addCleanup(proxied.discard)
        self.assertEqual(proxied.exit_code, 0, f"the proxy did not end well\n{proxied.proxy.output()}")
        self.assert_relayed_exactly(proxied, resent)
        self.assert_same_requests(direct, proxied)
        self.assert_recorded(proxied)
        self.assert_key_not_kept(proxied)
        return direct, proxied

    def assert_relayed_exactly(self, run, resent=0):
        """Within one run nothing has to be set aside: what left the client is what reached upstream, and back."""
        waiting = list(run.upstream_exchanges())
        unanswered = [each for each in waiting if each.response is None]
        for again in unanswered[:resent]:
            waiting.remove(again)
        for sent in run.client_exchanges():
            same = [each for each in waiting if (each.request.start_line, each.request.body) ==
                    (sent.request.start_line, sent.request.body)]
            # Of equal requests side by side on several connections the first here need not be the first there.
            seen = next((each for each in same if _request_id(each) == _request_id(sent)), same[0] if same else None)
            self.assertIsNotNone(seen, f"{sent.request.start_line} never reached upstream unchanged")
            waiting.remove(seen)
            differences = request_differences(sent.request.start_line, sent.request.headers, sent.request.body,
                                              seen.request, run.upstream_authority)
            self.assertEqual(differences, [], f"{sent.request.start_line} on its way to upstream")
            self._assert_answer_relayed(seen, sent)
        self.assertEqual([each.request.start_line for each in waiting], [], "upstream saw requests of the proxy's own")

    def _assert_answer_relayed(self, seen, sent):
        where = f"the answer to {sent.request.start_line}"
        if seen.response is None:
            return  # what the proxy says where upstream says nothing is judged by the test that provokes it
        left = _left_early(sent)
        if left and sent.response is None:
            return
        self.assertIsNotNone(sent.response, f"{where} was lost")
        read = sent.response.body if left else seen.response.body
        self.assertTrue(seen.response.body.startswith(read), f"{where} as far as the client read it")
        self.assertEqual(reply_differences(seen.response, sent.response, read), [], where)
        if not left:
            self.assertEqual(sent.response.whole, seen.response.whole, f"{where}: the cut was not passed on")

    def assert_same_requests(self, direct, proxied):
        """The client cannot tell: in both runs it made the same requests. Concurrent ones may change places."""
        wanted = collections.Counter(normal_request(each) for each in direct.upstream_exchanges())
        came = collections.Counter(normal_request(each) for each in proxied.upstream_exchanges())
        missing, added = list((wanted - came).elements()), list((came - wanted).elements())
        self.assertEqual(len(missing), len(added), f"{sum(came.values())} requests, {sum(wanted.values())} without the proxy")
        for one, other in zip(sorted(missing), sorted(added)):
            self.assertEqual(one[:2], other[:2])
            self.assertEqual(body_differences(one[2].encode(), other[2].encode()), [], one[0])

    def assert_same_view(self, direct, proxied, concurrent=False):
        """The user cannot tell: each client of the one run ended and printed as its twin in the other."""
        for one, other in zip(direct.results(), proxied.results(), strict=True):
            wanted, came = view(one, concurrent), view(other, concurrent)
            self.assertEqual(body_differences(wanted.encode(), came.encode()), [], "exit code, error output, events")

    def assert_recorded(self, run):
        """A row for every request. Whole answers: tokens and cost of the simulator's own ledger. Cut ones: as far as sent."""
        rows = run.stored()
        self.assertEqual(len(rows), len(run.client_exchanges()), "rows in the store against requests of the client")
        by_request_id = {row["upstream_request_id"]: row for row in rows}
        for seen in run.upstream_exchanges():
            if seen.response is None or seen.path != "/v1/messages":
                continue
            request_id = seen.response.get("request-id")
            row = by_request_id.get(request_id)
            self.assertIsNotNone(row, f"no row for the answer {request_id}")
            self.assertEqual(row["status"], seen.status)
            entry = run.ledger.get(request_id)
            answered = _answer_figures(seen)
            wanted = answered | _ledger_figures(entry) if entry and entry["complete"] else answered
            self.assertEqual({key: row[key] for key in wanted}, wanted, f"row against {entry or 'answer'}")
            self.assertEqual(row["counterfactual_usd_micros"], row["cost_usd_micros"], "nothing was saved here")
        self.assert_printed(run, rows)

    def assert_printed(self, run, rows):
        """One line for each row, with the same figures as far as a line shows them."""
        waiting = printed_lines(run.proxy.stdout())
        self.assertEqual(len(waiting), len(rows), run.proxy.stdout())
        for row in rows:
            line = next((each for each in waiting if _shows(each, row)), None)
            self.assertIsNotNone(line, f"no line shows {row}\n{run.proxy.stdout()}")
            waiting.remove(line)

    def assert_key_not_kept(self, run):
        key = DUMMY_KEY[-20:].encode()
        for name, content in {**run.proxy.files(), "output": run.proxy.output().encode()}.items():
            self.assertNotIn(key, content, f"the user's key stands in {name}")

    def assert_classes(self, run, **wanted):
        rows = run.stored()
        self.assertEqual(collections.Counter(row["request_class"] for row in rows), collections.Counter(wanted))

    def outcomes(self, run):
        """How the requests ended, in the order in which they started."""
        return [row["outcome"] for row in run.stored()]


def _request_id(exchange):
    headers = exchange.response.headers if exchange.response is not None else []
    return next((value for name, value in headers if name.lower() == "request-id"), None)


def _left_early(exchange):
    """The client ended the connection while the answer was still coming."""
    ends = exchange.connection.from_client.ended_at, exchange.connection.from_server.ended_at
    whole = exchange.response is not None and exchange.response.whole
    return not whole and ends[0] is not None and (ends[1] is None or ends[0] < ends[1])


def _ledger_figures(entry):
    return {
        "message_id": entry["message_id"], "input_tokens": entry["input_tokens"],
        "cache_read_tokens": entry["cache_read_input_tokens"],
        "cache_write_5m_tokens": entry["ephemeral_5m_input_tokens"],
        "cache_write_1h_tokens": entry["ephemeral_1h_input_tokens"], "output_tokens": entry["output_tokens"],
        "web_searches": entry["web_search_requests"], "cost_usd_micros": micro_usd(entry["cost_pico_usd"]),
    }


def _answer_figures(exchange):
    """The same from the bytes that upstream sent, counted by the tests' own reading of them."""
    body = exchange.response.body
    if exchange.response.get("content-encoding") == "gzip":
        body = zlib.decompressobj(wbits=31).decompress(body)
    usage = of_answer(body, exchange.status)
    return {
        "served_model": usage.model or json.loads(exchange.request.body)["model"],  # refusals name no model
        "message_id": usage.message_id,
        "input_tokens": usage.input, "cache_read_tokens": usage.read,
        "cache_write_5m_tokens": usage.write_5m, "cache_write_1h_tokens": usage.write_1h, "output_tokens": usage.output,
        "cost_usd_micros": micro_usd(cost_pico(usage, _undated(usage.model))) if usage.seen else 0,
    }


def _undated(model):
    """Aliases are answered by the dated model they stand for; list prices do not know dates."""
    return re.sub(r"-\d{8}$", "", model)


def _shows(line, row):
    if not row["usage_seen"]:
        return line.cost is None and line.status.startswith(str(row["status"]))
    prompt = row["input_tokens"] + row["cache_read_tokens"] + row["cache_write_5m_tokens"] + row["cache_write_1h_tokens"]
    exact = line.cost is not None and not line.cost.text.startswith("~")
    return (line.cost is not None and line.prompt.shows(prompt) and line.output.shows(row["output_tokens"]) and
            line.cost.shows(row["cost_usd_micros"] / 1e6) and exact == bool(row["usage_complete"]) and
            line.at_list_price == (row["account_kind"] == "subscription"))
