from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from rag.evals.report.findings import findings
from rag.evals.report.junit import junit
from rag.evals.runs import Row, Run

WHEN = datetime(2026, 11, 20, tzinfo=UTC)


def row(name, value, **changes):
    values = {"MRR@10": value, "nDCG@10": value}
    return replace(Row(name, "When & <where>?", "single", True, {"total": 0.02}, ("a.md",), values), **changes)


FOUND, MISSED = row("found", 1.0), row("missed", 0.0)
FAILED = row("failed", 0.0, values={}, error="OSError: \x00 gone", ranking=())
NO = Row("no", "Who sang?", "unanswerable", False, {"total": 0.04}, values={"refusal rate": 0.0})


def suites(*runs):
    return Xml.fromstring(junit(findings([("a", run) for run in runs]))).findall("testsuite")


def test_each_question_is_a_case_and_what_went_wrong_is_told():
    (suite,) = suites(Run("quay", "0" * 32, (FOUND, MISSED, FAILED, NO), created=WHEN))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("time")) == (
        "4",
        "2",
        "1",
        "0.1000",
    )
    found, missed, failed, no = suite.findall("testcase")
    assert (found.get("name"), found.get("classname"), found.get("time")) == (
        "found: When & <where>?",
        "quay.single",
        "0.0200",
    )
    assert list(found) == []
    assert missed.find("failure").get("message") == "nothing relevant found"
    assert "found 1: a.md" in missed.find("failure").text
    assert failed.find("error").get("message") == "OSError: \ufffd gone"
    assert no.find("failure").get("message") == "answered, although it cannot be"


def test_the_means_are_properties_of_the_suite():
    (suite,) = suites(Run("quay", "0" * 32, (FOUND, MISSED), created=WHEN))
    about = {p.get("name"): p.get("value") for p in suite.find("properties")}
    assert about["nDCG@10"] == "0.5000 (0.0000 to 1.0000), n 2"


def test_two_runs_are_two_suites():
    run = Run("quay", "0" * 32, (FOUND,), created=WHEN)
    assert len(suites(run, run)) == 2
