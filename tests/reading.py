"""A reader too small to know anything, and examples too few to need one that does."""

import json
import os
import string

from training.examples import Asked, Passage
from training.export import CALIBRATION, RECORD, pack, record

# Before any import of transformers: a name is looked for on this machine alone.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

LETTERS = [*string.ascii_lowercase, *string.digits]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS), ".", ",", "?"]
SURE = 0.1
SCORED = {
    "set": "other", "answerable": 10, "unanswerable": 5, "f1": 0.71, "exact": 0.5, "auroc": None, "all_f1": 0.6,
}  # fmt: skip
NAMES = ["ada", "bob", "cy", "dot", "eve", "fay", "gus", "hal", "ida", "jo"]


def tiny_reader(folder, width=32, spread=0.02):
    """Writes a BERT of two layers that reads letters; the wider its weights are spread, the surer it is."""
    from transformers import BertForQuestionAnswering

    return tiny(BertForQuestionAnswering, folder, width=width, spread=spread)


def tiny(kind, folder, width=32, spread=0.02, **fields):
    """Writes a BERT of two layers that reads letters, with the head of this kind."""
    import torch
    from transformers import BertConfig, BertTokenizerFast

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=width, num_hidden_layers=2, num_attention_heads=2, initializer_range=spread,
        intermediate_size=2 * width, max_position_embeddings=320, **fields,
    )  # fmt: skip
    kind(config).save_pretrained(str(folder))
    BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)}).save_pretrained(str(folder))
    return folder


def calibrated(folder):
    """The tiny reader as training leaves it: calibrated and scored."""
    tiny_reader(folder, width=128, spread=SURE)
    calibration = {"temperature": 2.0, "threshold": 1.5, "examples": 1000, "nulls": 400}
    trained = {"examples": 5000, "seen": 5007, "questions": 20, "sets": ["made"], "seed": 1}
    for name, values in ((CALIBRATION, calibration), (RECORD, trained)):
        (folder / name).write_text(json.dumps(values) + "\n")
    return folder


def packed_reader(folder):
    """The packed folder of a calibrated tiny reader, which is written beside it; one set was scored with it."""
    pack(calibrated(folder.with_name(f"{folder.name}.trained")), folder)
    record(folder, SCORED)
    return folder


def asked():
    """Twenty questions; half of them have an answer."""
    for n, name in enumerate(NAMES):
        text = f"{name} has {n}{n}."
        passage = Passage(f"p{n}", "", "", text)
        yield Asked(f"q{n}", f"{name}?", passage, (f"{n}{n}",), text.index(f"{n}{n}"))
        yield Asked(f"u{n}", "zoo?", passage)
