"""Claude Code under the policies that edit: what its user sees is what it would have been directly."""

from tests.e2e.case import ClientCase
from tests.e2e.run import run_both
from tests.e2e.simulator import answer, text, thinking, tool
from tests.e2e.view import view
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world


class Steered(ClientCase):
    policy = "balanced"

    def session(self, script, act):
        """Both ways; the same is seen but for token counts, and nothing is refused."""
        direct, proxied = run_both(script, act, proxy_settings={"ROUTING_POLICY": self.policy})
        self.addCleanup(direct.discard)
        self.addCleanup(proxied.discard)
        self.assertEqual(proxied.exit_code, 0, proxied.proxy.output())
        for seen, without in zip(proxied.results(), direct.results(), strict=True):
            self.assertEqual(seen.exit_code, 0, seen.stderr)
            self.assertEqual(view(seen, concurrent=True), view(without, concurrent=True))
        for exchange in proxied.client_exchanges():
            self.assertEqual(exchange.response.status, 200, exchange.request.start_line)
        asked = sum(row["cost_usd_micros"] for row in proxied.stored())
        untouched = sum(row["counterfactual_usd_micros"] for row in proxied.stored())
        self.assertLessEqual(asked, untouched)
        return proxied

    def test_a_question(self):
        self.session(lambda sim: sim.script("main", answer(thinking("Scattering."), text("Because of Rayleigh scattering."))),
                     lambda run: run.profile.run("Why is the sky blue?"))

    def test_a_tool_loop_and_its_next_turn(self):
        def act(run):
            return [run.profile.run("Run echo one", "--allowedTools", "Bash"),
                    run.profile.run("Thanks, and what was it?", "--continue")]
        run = self.session(lambda sim: sim.script("main", answer(tool("Bash", command="echo one")), answer(text("It was one.")),
                                                  answer(text("One."))), act)
        self.assertEqual(len(run.results()), 2)

    def test_a_sub_agent(self):
        self.session(lambda sim: None, lambda run: run.profile.run("use an agent", "--allowedTools", "Agent,Task,Bash"))


class SteeredBySaver(Steered):
    policy = "saver"
