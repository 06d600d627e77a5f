"""What a collector reads out of a POST, by OpenTelemetry's own message types."""
import base64
import json
import os
import site
import subprocess
from dataclasses import dataclass, field

from tests.support.proxy import REPOSITORY
from tests.support.upstream import Answer, Request

TAKEN = Answer(body=b"{}")


class ProtoMissing(Exception):
    """The message is a sentence for whoever runs the tests."""


def install():
    """Makes opentelemetry.proto importable; quick when it is there, else a download of 1 MB."""
    script = REPOSITORY / "tools/fetch_otlp_proto.sh"
    directory = os.environ.get("DISTIQ_CLIENTS_DIR", str(REPOSITORY / "build" / "clients"))
    done = subprocess.run([script, directory], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise ProtoMissing(f"opentelemetry-proto could not be installed, so nothing was proved ({done.stderr.strip()}). "
                           "Set DISTIQ_SKIP_CLIENTS=1 to run the other tests without it.")
    for packages in (REPOSITORY / directory / "otlp/python/lib").glob("python3*/site-packages"):
        site.addsitedir(str(packages))


@dataclass
class Span:
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    flags: int
    failed: bool
    attributes: dict = field(default_factory=dict)

    def __getitem__(self, key):
        return self.attributes.get(key)


def _with_base64_ids(value):
    """OTLP writes ids in hex where protobuf's own JSON has base64: the one thing that a plain JSON parser does not know."""
    if isinstance(value, dict):
        return {key: base64.b64encode(bytes.fromhex(item)).decode() if key in ("traceId", "spanId", "parentSpanId") else
                _with_base64_ids(item) for key, item in value.items()}
    return [_with_base64_ids(item) for item in value] if isinstance(value, list) else value


def _plain(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    return getattr(value, kind)


def _attributes(pairs) -> dict:
    found = {pair.key: _plain(pair.value) for pair in pairs}
    if len(found) != len(pairs):
        raise AssertionError("an attribute stands twice")
    return found


def spans_of(request: Request) -> list:
    """The spans of one POST. AssertionError or json_format.ParseError if it is not what OTLP/HTTP asks for."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan, Status

    if request.method != "POST" or request.get("content-type") != "application/json":
        raise AssertionError(f"{request.start_line}, {request.get('content-type')}")
    message = json_format.ParseDict(_with_base64_ids(json.loads(request.data)), ExportTraceServiceRequest())
    spans = []
    for resource in message.resource_spans:
        if _attributes(resource.resource.attributes)["service.name"] != "distiq-code":
            raise AssertionError("service.name")
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            if len(span.trace_id) != 16 or len(span.span_id) != 8 or len(span.parent_span_id) not in (0, 8):
                raise AssertionError(f"ids of {span.name}")
            spans.append(Span(span.name, ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"), span.trace_id.hex(),
                              span.span_id.hex(), span.parent_span_id.hex(), span.start_time_unix_nano, span.end_time_unix_nano,
                              span.flags, span.status.code == Status.STATUS_CODE_ERROR, _attributes(span.attributes)))
    return spans


def traces_of(requests) -> dict:
    """Trace id -> its spans, the server's first; each child lies within its parent."""
    traces = {}
    for request in requests:
        for span in spans_of(request):
            traces.setdefault(span.trace_id, []).append(span)
    for spans in traces.values():
        root = spans[0]
        if root.kind != "SERVER" or any(span.kind != "CLIENT" or span.parent_id != root.span_id for span in spans[1:]):
            raise AssertionError(f"not one server span with its attempts: {spans}")
        if any(span.start < root.start or span.end > root.end or span.start > span.end for span in spans):
            raise AssertionError(f"times: {spans}")
        if len({span.span_id for span in spans}) != len(spans):
            raise AssertionError("ids of spans repeat")
    return traces
