"""A trained reader as small as it is shipped: `python -m training.export MODEL OUT`.

ONNX for onnxruntime, matrices and word embeddings in 8 bits, and a manifest with the SHA-256 of each file. Exit code 0:
done.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from string import Template
from typing import Any

from index.errors import FootnoteError
from index.records import sha256
from index.terminal import finish
from rag.reading.packed import CARD, FORMAT, MANIFEST, NETWORK, TOKENIZER, checked
from rag.reading.windows import WINDOW
from training.network import Network

CALIBRATION, RECORD = "calibration.json", "training.json"
# What a manifest tells of how the model came about.
ABOUT = {"calibration": CALIBRATION, "training": RECORD}
WEIGHTS = "model.safetensors"
_SYNONYMS = " Words of\n  questions were exchanged for synonyms of WordNet 3.0 (Princeton University, WordNet licence)."
# Weights of a row that share a scale. Measured in docs/measurements.md: with one scale for each column, and activations
# in 8 bits with one for a whole batch, it is twice as fast and 1 of 7 answers is another.
BLOCK = 128


def pack(model: Path, out: Path) -> int:
    """Writes the packed folder and returns its size in bytes. Raises FootnoteError where a file is missing."""
    missing = [n for n in (WEIGHTS, CALIBRATION, RECORD, TOKENIZER) if not (model / n).is_file()]
    if missing:
        raise FootnoteError(f"{model} has no {', '.join(missing)}", "Run training.reader, then training.calibrate.")
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model / TOKENIZER, out / TOKENIZER)
    with tempfile.TemporaryDirectory() as room:
        whole = Path(room) / NETWORK
        Network(model, dtype="float32").export(whole)
        _quantized(whole, out / NETWORK)
    about = {name: json.loads((model / file).read_text(encoding="utf-8")) for name, file in ABOUT.items()}
    return _described(out, {**about, "scores": []})


def record(packed: Path, row: dict[str, Any]) -> None:
    """Writes the scores of a set, made with this very folder, into its manifest and its card, for older ones of it."""
    manifest = checked(packed)
    others = [scored for scored in manifest["scores"] if scored["set"] != row["set"]]
    _described(packed, {**manifest, "scores": [*others, row]})


def _described(out: Path, about: dict[str, Any]) -> int:
    (out / CARD).write_text(card(about["training"], about["calibration"], about["scores"]), encoding="utf-8")
    files = {name: sha256(out / name) for name in sorted((NETWORK, TOKENIZER, CARD))}
    kept = {name: about[name] for name in (*ABOUT, "scores")}
    manifest = {"format": FORMAT, "files": files, **kept}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return sum((out / name).stat().st_size for name in (*files, MANIFEST))


def _quantized(whole: Path, out: Path) -> None:
    """Writes the network with 8 bits for each weight of its matrices and its word embeddings."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    embedded = whole.with_suffix(".embedded.onnx")
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # the quantizers tell of each matrix
    try:
        quantize_dynamic(whole, embedded, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)
        network = onnx.load(embedded)
        quantizer = MatMulNBitsQuantizer(network, bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4)
        quantizer.process()
        quantizer.model.save_model_to_file(str(out), use_external_data_format=False)
    finally:
        logging.disable(before)


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
        seen=f"{sum(one['seen'] for one in _trainings(trained)):,}", questions=f"{trained['questions']:,}",
        sets=", ".join(trained["sets"]), averaged=_averaged(trained), commands=_commands(trained), window=WINDOW,
        synonyms=_SYNONYMS if any(one.get("synonyms") for one in _trainings(trained)) else "",
        threshold=f"{calibration['threshold']:.3f}",
        temperature=f"{calibration['temperature']:.3f}", calibrated=f"{calibration['examples']:,}",
        nulls=f"{calibration['nulls']:,}", figures="\n".join(head + rows) if rows else "None were measured yet.",
    )  # fmt: skip


def _trainings(trained: dict[str, Any]) -> list[dict[str, Any]]:
    """The record of the training, behind that of the one it was averaged with."""
    return [trained["averaged"], trained] if "averaged" in trained else [trained]


def _averaged(trained: dict[str, Any]) -> str:
    if "averaged" not in trained:
        return ""
    note = f" {trained['note']}" if trained.get("note") else ""
    return f" In two trainings, the second from\n  the weights of the first; what is shipped is the mean of both.{note}"


def _commands(trained: dict[str, Any]) -> str:
    """The commands that make such weights again, a line each."""
    lines = []
    for n, one in enumerate(_trainings(trained)):
        folder = ("FIRST", "SECOND")[n] if "averaged" in trained else "MODEL"
        begun = "--model FIRST " if n else ""
        more = f" --rate {one['rate']}" + (" --wordnet WORDNET" if one.get("synonyms") else "") if n else ""
        lines.append(
            f"    python -m training.reader --data DIR {begun}--out {folder} --examples {one['examples']} "
            f"--seed {one['seed']}{more}"
        )
    return "\n".join([*lines, "    python -m training.average FIRST SECOND MODEL"] if "averaged" in trained else lines)


def main() -> int:
    """Packs."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("model", type=Path, help="a folder that training.reader wrote, calibrated")
    parser.add_argument("out", type=Path, help="the folder to write")
    options = parser.parse_args()
    sys.stdout.write(f"{pack(options.model, options.out):,} bytes in {options.out}\n")
    return 0


if __name__ == "__main__":
    finish(main)
