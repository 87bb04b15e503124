import sys

import pytest

from benchmarks.peers.processes import Failed, run

MEGABYTE = 1_000_000


def python(code, log, limit=60):
    return run([sys.executable, "-c", code], log / "log", limit)


def test_what_is_said_comes_in_order_with_its_time(tmp_path):
    phase = python('print(\'{"said": "a", "n": 1}\'); print(\'{"said": "b"}\')', tmp_path)
    assert [(one.said, one.values) for one in phase.said] == [("a", {"n": 1}), ("b", {})]
    assert 0 < phase.the("a").at <= phase.the("b").at <= phase.seconds


def test_its_most_memory_is_told(tmp_path):
    assert python(f"b'x' * {200 * MEGABYTE}", tmp_path).peak > 200 * MEGABYTE


def test_its_time_of_the_processor_is_told(tmp_path):
    phase = python("import time\nwhile time.process_time() < 0.2: pass", tmp_path)
    assert phase.cpu >= 0.2


def test_a_process_that_fails_is_told_by_the_last_that_it_wrote(tmp_path):
    with pytest.raises(Failed, match="ZeroDivisionError"):
        python("1 / 0", tmp_path)


def test_a_process_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(Failed, match="not done within 0 s"):
        python("import time; time.sleep(60)", tmp_path, limit=0.1)


def test_a_computation_has_as_many_threads_as_are_wanted(tmp_path):
    code = "import json, os; print(json.dumps({'said': 'threads', 'n': os.environ.get('OMP_NUM_THREADS')}))"
    phase = run([sys.executable, "-c", code], tmp_path / "log", 60, threads=1)
    assert phase.the("threads").values == {"n": "1"}


def test_a_library_cannot_ask_a_hub(tmp_path):
    phase = python("import json, os; print(json.dumps({'said': 'hub', 'off': os.environ['HF_HUB_OFFLINE']}))", tmp_path)
    assert phase.the("hub").values == {"off": "1"}
