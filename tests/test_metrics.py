"""What Prometheus reads after questions, refusals and errors."""

import httpx
import pytest
from doors import FERRY, over, served
from prometheus_client.parser import text_string_to_metric_families


def values(server):
    """Each sample by its name and labels."""
    got = httpx.get(f"{server.url}/metrics")
    assert got.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(got.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


@pytest.mark.parametrize(("threshold", "refused"), [(0.0, 0), (1.1, 2)])
def test_questions_and_refusals_are_counted_with_the_seconds_of_their_stages(indexed, threshold, refused):
    with served(over(indexed, threshold=threshold), indexed) as server:
        for stream in (True, False):
            httpx.post(f"{server.url}/v1/ask", json={"question": FERRY, "stream": stream})
        counted = values(server)
    assert counted["footnote_questions_total",] == 2
    assert counted["footnote_refusals_total", "not_supported"] == refused
    assert counted["footnote_refusals_total", "nothing_found"] == 0
    for stage in ("follow up", "retrieve", "read", "verify"):
        assert counted["footnote_stage_seconds_count", stage] == 2
        assert counted["footnote_stage_seconds_sum", stage] > 0
    assert counted["footnote_questions_in_progress",] == 0


def test_errors_are_counted_by_their_status(indexed):
    with served(over(indexed), indexed) as server:
        for path, headers in (("/nowhere", {}), ("/nowhere", {}), ("/v1/health", {"host": "evil.test"})):
            httpx.get(f"{server.url}{path}", headers=headers)
        counted = values(server)
    assert (counted["footnote_errors_total", "404"], counted["footnote_errors_total", "400"]) == (2, 1)
    assert counted["footnote_questions_total",] == 0
