"""What a user, or a program that reads stream-json, sees of a session, as one value that two runs can be compared by."""

import json

from tests.e2e.normalise import normalise

# Clocks and ids. Everything else that the client prints must be the same with and without the proxy.
_VOLATILE = {
    "uuid", "timestamp", "session_id", "run_id", "task_id", "agent_id", "messaging_socket_path", "duration_ms",
    "duration_api_ms", "ttft_ms", "ttft_stream_ms", "time_to_request_ms", "first_content_frame_ms", "end_time",
    "retry_delay_ms", "request_id", "durationMs",
}


def stable(value):
    """`value` without what the clock or a random generator decides."""
    if isinstance(value, dict):
        return {key: stable(each) for key, each in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return [stable(each) for each in value]
    return normalise(value) if isinstance(value, str) else value


def view(print_result, in_order=True):
    """Exit code, error output and every event. With work going on side by side the order of events may differ between
    two runs of anything; in_order=False compares them as a set then."""
    events = [json.dumps(stable(event), sort_keys=True) for event in print_result.events()]
    return print_result.exit_code, normalise(print_result.stderr), events if in_order else sorted(events)
