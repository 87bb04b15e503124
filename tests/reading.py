"""A reader too small to know anything, and examples too few to need one that does."""

import string

from training.examples import Asked, Passage

LETTERS = [*string.ascii_lowercase, *string.digits]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS), ".", ",", "?"]
NAMES = ["ada", "bob", "cy", "dot", "eve", "fay", "gus", "hal", "ida", "jo"]


def tiny_reader(folder, width=32):
    """Writes a BERT of two layers that reads letters."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering, BertTokenizerFast

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=width, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=2 * width, max_position_embeddings=320,
    )  # fmt: skip
    BertForQuestionAnswering(config).save_pretrained(str(folder))
    BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)}).save_pretrained(str(folder))
    return folder


def asked():
    """Twenty questions; half of them have an answer."""
    for n, name in enumerate(NAMES):
        text = f"{name} has {n}{n}."
        passage = Passage(f"p{n}", "", "", text)
        yield Asked(f"q{n}", f"{name}?", passage, (f"{n}{n}",), text.index(f"{n}{n}"))
        yield Asked(f"u{n}", "zoo?", passage)
