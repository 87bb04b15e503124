"""A trained reader as small as it is shipped, and back: `python -m training.export pack MODEL OUT`, or unpack.

Matrices become int8 with one scale for each row, which is a quarter of their size; all else stays float32. A manifest
has the SHA-256 of every file, and what does not agree with it is refused. Exit code 0: done.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import FootnoteError
from index.terminal import finish
from training.features import WINDOW

WEIGHTS, PACKED, MANIFEST, CARD = "model.safetensors", "weights.int8.safetensors", "manifest.json", "MODEL.md"
CALIBRATION, RECORD, SCORES = "calibration.json", "training.json", "scores.jsonl"
# What goes along as it is, besides the weights. The first three are needed to load the model.
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
SCALE = ".scale"
FORMAT = 1

Weights = dict[str, NDArray[Any]]


def quantized(weights: Weights) -> Weights:
    """Matrices as int8 beside the float32 scales of their rows, (rows, 1); vectors as float32."""
    packed: Weights = {}
    for name, weight in weights.items():
        exact = weight.astype(np.float32)
        if exact.ndim == 2:
            scale = np.abs(exact).max(axis=1, keepdims=True) / 127
            packed[name + SCALE] = scale
            packed[name] = np.rint(exact / np.where(scale == 0, 1, scale)).astype(np.int8)
        else:
            packed[name] = exact
    return packed


def restored(packed: Weights) -> Weights:
    """The weights, float32, of what `quantized` made: each within half a scale of what it was."""
    return {
        name: weight.astype(np.float32) * packed[name + SCALE] if weight.dtype == np.int8 else weight
        for name, weight in packed.items()
        if not name.endswith(SCALE)
    }


def pack(model: Path, out: Path) -> int:
    """Writes the packed folder and returns its size in bytes. Raises FootnoteError where a file is missing."""
    from safetensors.numpy import load_file, save_file

    missing = [n for n in (WEIGHTS, CALIBRATION, RECORD, *NEEDED) if not (model / n).is_file()]
    if missing:
        raise FootnoteError(f"{model} has no {', '.join(missing)}", "Run training.reader, then training.calibrate.")
    out.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        shutil.copyfile(model / name, out / name)
    save_file(quantized(load_file(model / WEIGHTS)), out / PACKED, metadata={"format": "pt"})
    trained = json.loads((model / RECORD).read_text(encoding="utf-8"))
    calibration = json.loads((model / CALIBRATION).read_text(encoding="utf-8"))
    scored = (model / SCORES).read_text(encoding="utf-8").splitlines() if (model / SCORES).is_file() else []
    scores = list({row["set"]: row for row in map(json.loads, scored)}.values())
    (out / CARD).write_text(card(trained, calibration, scores), encoding="utf-8")
    files = {name: _sha256(out / name) for name in sorted((*NEEDED, PACKED, CARD))}
    manifest = {"format": FORMAT, "files": files, "calibration": calibration, "training": trained, "scores": scores}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return sum((out / name).stat().st_size for name in (*files, MANIFEST))


def checked(packed: Path) -> dict[str, Any]:
    """The manifest of a packed folder. Raises FootnoteError where a file is missing or is not what it was."""
    try:
        manifest: dict[str, Any] = json.loads((packed / MANIFEST).read_bytes())
        files = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FootnoteError(f"{packed} holds no packed reader", f"Its {MANIFEST} cannot be read.") from error
    for name, digest in files.items():
        found = _sha256(packed / Path(name).name) if (packed / Path(name).name).is_file() else "missing"
        if found != digest:
            raise FootnoteError(f"{packed / name} is {found[:12]}, not {digest[:12]}", "Fetch the reader again.")
    return manifest


def unpack(packed: Path, out: Path) -> None:
    """Writes a folder that AutoModelForQuestionAnswering loads, after it was checked."""
    from safetensors.numpy import load_file, save_file

    manifest = checked(packed)
    out.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        shutil.copyfile(packed / name, out / name)
    save_file(restored(load_file(packed / PACKED)), out / WEIGHTS, metadata={"format": "pt"})
    for name, values in ((CALIBRATION, manifest["calibration"]), (RECORD, manifest["training"])):
        (out / name).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def card(trained: dict[str, Any], calibration: dict[str, Any], scores: list[dict[str, Any]]) -> str:
    """The model card, with a row for each set that was scored."""
    head = ["| set | answerable / not | F1 | exact | AUROC | all F1 |", "|---|---|---|---|---|---|"]
    rows = [
        f"| {s['set']} | {s['answerable']:,} / {s['unanswerable']:,} | {s['f1']:.3f} | {s['exact']:.3f} | "
        f"{'' if s['auroc'] is None else format(s['auroc'], '.3f')} | {s['all_f1']:.3f} |"
        for s in scores
    ]
    template = Template((Path(__file__).parent / "card.md").read_text(encoding="utf-8"))
    return template.substitute(
        seen=f"{trained['seen']:,}", examples=trained["examples"], questions=f"{trained['questions']:,}",
        sets=", ".join(trained["sets"]), seed=trained["seed"], window=WINDOW,
        threshold=f"{calibration['threshold']:.3f}",
        temperature=f"{calibration['temperature']:.3f}", calibrated=f"{calibration['examples']:,}",
        nulls=f"{calibration['nulls']:,}", figures="\n".join(head + rows) if rows else "None were measured yet.",
    )  # fmt: skip


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> int:
    """Packs or unpacks."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("what", choices=("pack", "unpack"))
    parser.add_argument("source", type=Path, help="the folder to read")
    parser.add_argument("out", type=Path, help="the folder to write")
    options = parser.parse_args()
    if options.what == "pack":
        sys.stdout.write(f"{pack(options.source, options.out):,} bytes in {options.out}\n")
    else:
        unpack(options.source, options.out)
    return 0


if __name__ == "__main__":
    finish(main)
