"""What a user, or a program that reads stream-json, sees of a session, as one value that two runs can be compared by."""

import json

from tests.e2e.normalise import normalise

# Clocks and ids. Everything else that the client prints must be the same with and without the proxy.
_VOLATILE = frozenset({
    "uuid", "timestamp", "session_id", "run_id", "task_id", "agent_id", "messaging_socket_path", "duration_ms",
    "duration_api_ms", "ttft_ms", "ttft_stream_ms", "time_to_request_ms", "first_content_frame_ms", "end_time",
    "retry_delay_ms", "request_id", "durationMs", "signature",
    "thinking_duration_ms", "runId", "durationSeconds", "resetsAt",
})
_COUNTS = {"usage", "modelUsage", "model_usage_since_last_result", "total_cost_usd"}


def stable(value, volatile=_VOLATILE):
    """`value` without what the clock or a random generator decides."""
    if isinstance(value, dict):
        return {key: stable(each, volatile) for key, each in value.items() if key not in volatile}
    if isinstance(value, list):
        return [stable(each, volatile) for each in value]
    return normalise(value) if isinstance(value, str) else value


def view(print_result, concurrent=False):
    """Exit code, error output and every event as text. With sub-agents at work two runs of anything differ in the order of
    events, and in token counts, since the random ids of agents are part of prompts: `concurrent` sets both aside."""
    volatile = _VOLATILE | _COUNTS if concurrent else _VOLATILE
    events = [json.dumps(stable(event, volatile), sort_keys=True, ensure_ascii=False) for event in print_result.events()]
    lines = [str(print_result.exit_code), normalise(print_result.stderr), *(sorted(events) if concurrent else events)]
    return "\n".join(lines)
