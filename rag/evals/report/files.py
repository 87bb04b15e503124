"""A report as a file: its suffix says in which form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from index.errors import UsageError
from rag.evals.report.findings import Findings
from rag.evals.report.junit import junit
from rag.evals.report.markdown import markdown
from rag.evals.report.page import page

FORMS: dict[str, Callable[[Findings], str]] = {
    ".html": page,
    ".htm": page,
    ".md": markdown,
    ".markdown": markdown,
    ".xml": junit,
}


def form(path: Path) -> Callable[[Findings], str]:
    """The form of a report at this path. Raises UsageError for a suffix that says none."""
    if path.suffix.lower() not in FORMS:
        raise UsageError(f"{path} has no suffix of a report", f"Known are: {', '.join(FORMS)}.")
    return FORMS[path.suffix.lower()]


def write(found: Findings, path: Path) -> None:
    """Writes the report, over what lies there. Raises UsageError when it cannot be written."""
    text = form(path)(found)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Give another path for the report.") from error
