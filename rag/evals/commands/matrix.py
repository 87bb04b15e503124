"""`eval matrix`: a grid of settings, measured on one set."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.evals.commands import DONE, Progress, Result, settings, store_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from rag.evals.matrix import Measured

LONGEST = 100

ABOUT = "measure a grid of settings: quality, time and size, and what is worth having"


def arguments(parser: ArgumentParser) -> None:
    """The set, the grid, and where the cells are kept."""
    store_argument(parser)
    parser.add_argument("axes", nargs="+", metavar="NAME=VALUE,VALUE", help="a setting and its values: read=4,6,8")
    parser.add_argument(
        "--set", type=Path, metavar="PATH", default=Path("seeds"), help="the question set (default: seeds)"
    )
    parser.add_argument("--answers", action="store_true", help="answer each question too, and measure the answers")
    parser.add_argument("--by", default="", metavar="MEASURE", help="the measure of quality (default: nDCG@10)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("matrix"),
        help="folder of the run files and the indexes; what is there is not done again (default: matrix)",
    )  # fmt: skip


def run(options: Namespace, progress: Progress) -> Result:
    """Every cell, with the command that makes it again."""
    from dataclasses import asdict

    from rag.evals.grid import cells
    from rag.evals.matrix import Grid, measure

    by = options.by or "nDCG@10"
    grid = Grid(settings(options), options.set, cells(options.axes), options.out, options.answers)
    found = measure(grid, by, progress)
    values = [{**asdict(one), "cell": list(one.cell.changes), "run": str(one.run)} for one in found]
    return Result(DONE, {"by": by, "cells": values}, shown(found, by))


def shown(found: Sequence[Measured], by: str) -> RenderableType:
    """A table of the cells, and the command for each."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from index.printable import visible

    names = [change.partition("=")[0] for change in found[0].cell.changes]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ["", *names]:
        table.add_column(name, overflow="fold")
    for name in (by, "95 % interval", "n", "against the first", "p", "p50", "p95", "index"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            "●" if one.best else "", *(Text(visible(one.cell.value(name))) for name in names),
            f"{one.quality.value:.3f}", f"{one.quality.low:.3f} to {one.quality.high:.3f}", str(one.quality.n),
            f"{one.delta.value:+.3f}" if one.delta else "", "" if one.p is None else f"{one.p:.4f}",
            f"{one.took.p50 * 1000:.0f} ms", f"{one.took.p95 * 1000:.0f} ms", f"{one.bytes / 1e6:.1f} MB",
        )  # fmt: skip
    note = (
        "● no other is as good in quality, p95 and size, and better in one. p: paired randomization test, after Holm."
    )
    return Group(table, Text(note), Text("Each cell again:\n"), *(Text(visible(broken(one.command))) for one in found))


def broken(command: str) -> str:
    """The command on lines that fit a terminal, and that a shell takes as one; an option stays with its value."""
    parts: list[str] = []
    for word in map(shlex.quote, shlex.split(command)):
        if parts and parts[-1].startswith("--") and " " not in parts[-1] and not word.startswith("--"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) > LONGEST:
            lines.append(f"    {part}")
        else:
            lines[-1] += f" {part}"
    return " \\\n".join(lines)
