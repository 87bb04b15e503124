"""Nothing costs clearly more than it did; and each check would tell if it did."""

import dataclasses
import json
from collections.abc import Iterator

import pytest

import index.sources.files
import index.sync
import rag.retrieve
from benchmarks import regressions
from benchmarks.regressions import Bench, Check, baseline


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


def check(bench, name):
    found = [check for check in bench.checks() if check.name == name]
    if not found:
        pytest.skip("a process is not told its most memory here")
    return found[0]


def holds(check, **changes):
    most = check.limit * baseline()[check.name]
    return dataclasses.replace(check, **changes).ratio(most) <= most


@pytest.mark.parametrize("name", baseline())
def test_it_costs_no_more_than_it_did(bench, name):
    assert holds(check(bench, name))


def test_whatever_is_checked_has_a_committed_ratio(bench):
    assert {check.name for check in bench.checks()} <= baseline().keys()


# Each check fails when what it measures costs more -------------------------------------------------------------------


def repeated(monkeypatch, module, name, times):
    """Lets a function do its work so many times over."""
    once = getattr(module, name)

    def again(*arguments):
        for _ in range(times - 1):
            made = once(*arguments)
            list(made) if isinstance(made, Iterator) else made
        return once(*arguments)

    monkeypatch.setattr(module, name, again)


def test_a_question_that_is_searched_for_four_times_is_told(bench, monkeypatch):
    asked = check(bench, "a question, to full text and exact vectors")
    repeated(monkeypatch, rag.retrieve, "find", 4)
    assert not holds(asked, rounds=1)


def test_a_sync_that_splits_each_article_sixty_times_is_told(bench, monkeypatch):
    synced = check(bench, "a first sync, to reading and full text")
    repeated(monkeypatch, index.sync, "split", 60)
    assert not holds(synced, rounds=1)


def test_a_sync_that_looks_at_unchanged_files_again_and_again_is_told(bench, monkeypatch):
    looked = check(bench, "a sync of nothing new, to looking at the files")
    repeated(monkeypatch, index.sources.files.Files, "_under", 6)
    assert not holds(looked, rounds=2)


@pytest.mark.parametrize("package", ["index", "rag"])
def test_a_help_that_imports_langchain_is_told(bench, package):
    helped = check(bench, f"python -m {package} --help, to an empty program")
    assert not holds(helped, ours=bench.helps(package, "import langchain_core.retrievers"), rounds=2)


@pytest.mark.parametrize("does", ["syncing", "answering"])
def test_a_process_that_holds_200_megabytes_more_is_told(bench, does):
    name = {"syncing": "memory of a first sync, to its libraries", "answering": "memory of an answer, to its libraries"}
    measured = check(bench, name[does])
    assert not holds(measured, ours=lambda: getattr(bench, does)("held = b'm' * 200_000_000"))


# How a ratio is made -------------------------------------------------------------------------------------------------


def test_the_least_of_each_is_compared():
    ours, plain = iter([9.0, 4.0, 8.0]), iter([2.0, 5.0, 3.0])
    assert Check("", lambda: next(ours), lambda: next(plain), rounds=3, plain_each=1).ratio() == 4 / 2


def test_a_check_ends_as_soon_as_it_holds_but_not_before_the_second_round():
    measured = []
    held = Check("", lambda: measured.append("ours") or 2.0, lambda: measured.append("plain") or 1.0, plain_each=1)
    assert held.ratio(enough=2.0) == 2
    assert measured == ["ours", "plain", "ours", "plain"]


@pytest.fixture
def committed(monkeypatch, tmp_path):
    """A baseline of two checks, one of which costs three times as much now."""
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps({"ratios": {"dear": 1.0, "cheap": 1.0}}))
    checks = [Check(name, lambda took=took: took, lambda: 1.0) for name, took in (("dear", 3.0), ("cheap", 1.5))]
    monkeypatch.setattr(Bench, "checks", lambda _: checks)
    monkeypatch.setattr(regressions, "BASELINE", file)
    return file


def test_the_command_tells_what_costs_more(committed, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["regressions"])
    assert regressions.main() == 1
    assert capsys.readouterr().err == "costs more than it did: dear\n"


def test_a_renewed_baseline_is_what_it_costs_now(committed, monkeypatch):
    monkeypatch.setattr("sys.argv", ["regressions", "--write"])
    assert regressions.main() == 0
    assert baseline() == {"dear": 3.0, "cheap": 1.5}
