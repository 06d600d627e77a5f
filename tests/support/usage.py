"""What an answer says it used and what that costs by list price: computed here from the facts alone, in exact fractions, so
that the proxy's meter and money can be checked against a second opinion. Shares nothing with src/."""
import json
from dataclasses import dataclass
from fractions import Fraction

PICO = 10 ** 12

# Dollars per million tokens: input, write 5m, write 1h, cache read, output.
PRICES = {
    "claude-fable-5-1": ("10", "12.50", "20", "0.25", "50"),
    "claude-opus-5-5": ("4", "5", "8", "0.20", "20"),
    "claude-opus-5": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-8": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-6": ("5", "6.25", "10", "0.50", "25"),
    "claude-sonnet-5-5": ("2", "2.50", "4", "0.10", "10"),
    "claude-sonnet-5": ("2", "2.50", "4", "0.20", "10"),
    "claude-sonnet-4-5": ("3", "3.75", "6", "0.30", "15"),
    "claude-haiku-5-5": ("0.10", "0.125", "0.20", "0.01", "0.50"),
    "claude-haiku-4-5": ("1", "1.25", "2", "0.10", "5"),
    "claude-haiku-4-5-20251001": ("1", "1.25", "2", "0.10", "5"),
}
HAIKU_55_OVER_100K = ("0.50", "0.625", "1.00", "0.05", "2.50")
FAST = {"claude-opus-5-5": ("8", "40"), "claude-opus-5": ("10", "50"), "claude-opus-4-8": ("10", "50")}
WEB_SEARCH = Fraction(10, 1000)


@dataclass
class Usage:
    seen: bool = False
    model: str = ""
    message_id: str = ""
    input: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read: int = 0
    output: int = 0
    web_searches: int = 0
    speed: str = ""
    geo: str = ""

    @property
    def tokens(self) -> tuple:
        return self.input, self.write_5m, self.write_1h, self.read, self.output


def of_answer(body: bytes, status: int = 200) -> Usage:
    """`body` uncompressed; an event stream or a JSON answer, also one that was cut."""
    usage = Usage()
    if body.lstrip()[:1] == b"{":
        try:
            document = json.loads(body)
        except ValueError:
            return usage
        if document.get("type") == "message":
            _take_message(usage, document)
        return usage
    for event in _events(body):
        if event.get("type") == "message_start":
            _take_message(usage, event.get("message", {}))
        elif event.get("type") == "message_delta" and event.get("usage"):
            _take(usage, event["usage"])
    return usage


def _events(body: bytes):
    """Only blocks that end in an empty line and have an event name are events of the API."""
    text = body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    blocks = text.split("\n\n")[:-1]
    for block in blocks:
        data = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if data:
            try:
                event = json.loads("\n".join(data))
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event


def _take_message(usage: Usage, message: dict):
    usage.model = message.get("model") or usage.model
    usage.message_id = message.get("id") or usage.message_id
    if message.get("usage"):
        _take(usage, message["usage"])


def _take(usage: Usage, reported: dict):
    """Later reports are cumulative: a field that is there replaces the earlier one."""
    usage.seen = True
    if (value := reported.get("input_tokens")) is not None:
        usage.input = value
    if (value := reported.get("output_tokens")) is not None:
        usage.output = value
    if (value := reported.get("cache_read_input_tokens")) is not None:
        usage.read = value
    total = reported.get("cache_creation_input_tokens")
    split = reported.get("cache_creation")
    if split:
        usage.write_5m = split.get("ephemeral_5m_input_tokens", 0)
        usage.write_1h = split.get("ephemeral_1h_input_tokens", 0)
    elif total is not None and total != usage.write_5m + usage.write_1h:
        usage.write_5m, usage.write_1h = total, 0
    if (server := reported.get("server_tool_use")):
        usage.web_searches = server.get("web_search_requests") or usage.web_searches
    usage.speed = reported.get("speed") or usage.speed
    usage.geo = reported.get("inference_geo") or usage.geo


def cost_pico(usage: Usage, model: str = None) -> int:
    """Exact list price in pico-dollars. Raises KeyError for models that are not in the table."""
    model = model or usage.model
    rates = [Fraction(price) for price in PRICES[model]]
    prompt = usage.input + usage.write_5m + usage.write_1h + usage.read
    if model == "claude-haiku-5-5" and prompt > 100_000:
        rates = [Fraction(price) for price in HAIKU_55_OVER_100K]
    if usage.speed == "fast":
        fast_in, fast_out = (Fraction(price) for price in FAST[model])
        factor = fast_in / rates[0]
        rates = [rate * factor for rate in rates[:4]] + [fast_out]
    if usage.geo == "us":
        rates = [rate * Fraction(11, 10) for rate in rates]
    dollars = sum(Fraction(count) * rate for count, rate in zip(usage.tokens, rates)) / 1_000_000
    dollars += usage.web_searches * WEB_SEARCH
    pico = dollars * PICO
    assert pico.denominator == 1, "list prices are whole pico-dollars per token"
    return int(pico)
