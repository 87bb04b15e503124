"""The report as JUnit XML, which build servers show: a suite for each run, a case for each question.

A question that failed is an error. One that found nothing relevant, was refused although it can be answered, or
answered although it cannot be, is a failure.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from rag.evals.report.findings import Fault, Findings, Outcome, Side
from rag.evals.runs import TOTAL

# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(found: Findings) -> str:
    """The report."""
    root = Xml.Element("testsuites", name="evaluation")
    for side in found.sides:
        root.append(_suite(side))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(side: Side) -> Xml.Element:
    errors = sum(outcome.fault is Fault.FAILED for outcome in side.outcomes)
    failures = sum(outcome.fault is not None for outcome in side.outcomes) - errors
    suite = Xml.Element(
        "testsuite",
        name=_held(f"{side.run.set_name} {side.name}"),
        tests=str(len(side.outcomes)),
        failures=str(failures),
        errors=str(errors),
        time=_seconds(sum(outcome.row.timings.get(TOTAL, 0.0) for outcome in side.outcomes)),
        timestamp=side.run.created.isoformat(timespec="seconds"),
    )
    properties = Xml.SubElement(suite, "properties")
    for name, mean in side.means.items():
        value = f"{mean.value:.4f} ({mean.low:.4f} to {mean.high:.4f}), n {mean.n}"
        Xml.SubElement(properties, "property", name=name, value=value)
    suite.extend(_case(outcome, side.run.set_name) for outcome in side.outcomes)
    return suite


def _case(outcome: Outcome, set_name: str) -> Xml.Element:
    row = outcome.row
    case = Xml.Element(
        "testcase",
        classname=_held(f"{set_name}.{row.kind}"),
        name=_held(f"{row.id}: {row.text}"),
        time=_seconds(row.timings.get(TOTAL, 0.0)),
    )
    if outcome.fault:
        kind = "error" if outcome.fault is Fault.FAILED else "failure"
        message = row.error if outcome.fault is Fault.FAILED else str(outcome.fault)
        said = Xml.SubElement(case, kind, type=str(outcome.fault), message=_held(message))
        values = [f"{name} {value:.4f}" for name, value in row.values.items()]
        said.text = _held("\n".join([*values, *(f"found {n}: {d}" for n, d in enumerate(row.ranking[:5], 1))]))
    return case


def _held(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.4f}"
