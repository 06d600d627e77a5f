"""Claude Code as people use it: its terminal interface, with the title request, and Esc in the middle of an answer."""

import json
import time

from tests.e2e.case import ClientCase
from tests.e2e.claude import ESCAPE
from tests.e2e.simulator import answer, text, tool
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world

# From the client's end of the connection to the proxy's end of its own, with client, wiretaps and proxy on two cores.
AT_ONCE_S = 0.5


class TerminalCase(ClientCase):
    def session(self, script, act, **environment):
        def with_terminal(run):
            terminal = run.profile.terminal("--permission-mode", "default", "--allowedTools", "Bash", **environment)
            try:
                terminal.wait_for("/effort")
                return act(terminal, run)
            finally:
                terminal.close()
        return self.run_both(script, with_terminal)


class Terminal(TerminalCase):
    def test_a_conversation_with_a_title_and_a_tool(self):
        def script(sim):
            sim.script("title", answer(text('{"title": "Counting to three"}')))
            sim.script("main", answer(tool("Bash", command="seq 3")), answer(text("Counted to three.")),
                       answer(text("And to four.")))

        def act(terminal, run):
            terminal.enter("Count to three")
            terminal.wait_for("Counted to three.")
            terminal.enter("And on?")
            terminal.wait_for("And to four.")

        direct, proxied = self.session(script, act, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=None)
        self.assertEqual([each.method for each in proxied.client_exchanges()][0], "HEAD")
        self.assert_classes(proxied, other=1, title=1, main=3)
        self.assertEqual(_said(proxied), _said(direct))
        self.assertIn("Counted to three.", _said(proxied))

    def test_escape_in_a_stream_closes_the_upstream_connection_at_once(self):
        def script(sim):
            # Silent in its middle, so that both runs are interrupted after the same word.
            sim.script("main", answer(text(" ".join(f"tick{number}" for number in range(100))), stall={"event": 20}),
                       answer(text("Fine, shorter.")))

        def act(terminal, run):
            terminal.enter("Tick for a minute")
            terminal.wait_for("tick20")
            time.sleep(0.5)
            terminal.press(ESCAPE)
            terminal.wait_for("Interrupted")
            ended = [_end_of_stream(connections) for connections in (run.client_connections, run.upstream_connections)]
            terminal.enter("Shorter please")
            terminal.wait_for("Fine, shorter.")
            return ended

        _, proxied = self.session(script, act)
        client_left, proxy_left = proxied.outcome
        self.assertLess(proxy_left - client_left, AT_ONCE_S)
        self.assert_classes(proxied, main=2)
        self.assertEqual(self.outcomes(proxied), ["client_gone", "ok"])


def _end_of_stream(connections, timeout=5):
    """When the connection that carries the ticks was ended from the client's side."""
    streaming = next(each for each in connections() if b"tick1" in each.from_server.data)
    deadline = time.monotonic() + timeout
    while streaming.from_client.ended_at is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"the stream is still wanted {timeout} s after Esc")
        time.sleep(0.01)
    return streaming.from_client.ended_at


def _said(run):
    """Every text of the assistant in the transcript that the client stored."""
    blocks = [block for line in run.profile.transcripts()[-1] if line.get("type") == "assistant"
              for block in line["message"]["content"]]
    return json.dumps([block.get("text") or block.get("input") for block in blocks])
