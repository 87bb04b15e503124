"""Answers by real language models on a real server, which know nothing: what they write is drawn by lot."""

import importlib.util
import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from doors import FERRY, listening, until

from rag.answers import Question
from rag.settings import build, load_settings
from rag.wording import UNSUPPORTED, reserve

# Before any import of transformers: a name is looked for on this machine alone.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

NEEDS_ACCELERATE = "`transformers serve` cannot load a model without the package accelerate: pip install accelerate"
# Keys that a model can know beforehand, as no model can; the first is that of the example in its instructions.
KEYS = ["b1c2", "d3f4", "g5h6", "j7k8"]
QUOTES = ["The ferry sails at noon.", "rebuilt by May", "Nobody was hurt", "elephants dream of jazz"]
SAYINGS = [
    "The ferry sails at noon. ", "It was rebuilt by May. ", "Nobody was hurt in 1999. ", "Elephants dream. ",
    "So be it, ", "[1] ", "<b>", "\n\n- ", *(f'[{key} "{quote}"] ' for key in KEYS for quote in QUOTES),
]  # fmt: skip
TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}<assistant>"


def tiny(folder, *sayings):
    """Writes a Llama of 0.1 M parameters with weights by lot; with sayings it says those alone."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: n for n, letter in enumerate(["<s>", "</s>", *letters])}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens(list(sayings))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(1)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=16_384, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )  # fmt: skip
    # None ends before it is cut off: by lot one would at once.
    silent = list(range(len(letters) + 2)) if sayings else [0, 1]
    model.generation_config = GenerationConfig(
        do_sample=True, bos_token_id=0, eos_token_id=1, pad_token_id=1, suppress_tokens=silent
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def babbler(tmp_path_factory):
    """A model that writes any bytes."""
    return tiny(tmp_path_factory.mktemp("babbler"))


@pytest.fixture(scope="module")
def parrot(tmp_path_factory):
    """A model that repeats what it heard somewhere, with quotes and keys as they come."""
    return tiny(tmp_path_factory.mktemp("parrot"), *SAYINGS)


@contextmanager
def command():
    """`transformers serve`, as it is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = "from transformers.cli.transformers import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", serve, *("serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip

        def up():
            assert process.poll() is None
            try:
                return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
            except httpx.TransportError:
                return False

        try:
            until(up, 120)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


@contextmanager
def within(*folders):
    """What `transformers serve` serves, in this process, with models that were loaded before."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.cli.serving.chat_completion import ChatCompletionHandler
    from transformers.cli.serving.model_manager import ModelManager, TimedModel
    from transformers.cli.serving.server import build_server
    from transformers.cli.serving.utils import GenerationState

    manager, state = ModelManager(device="cpu"), GenerationState()
    for folder in map(str, folders):
        model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
        manager.loaded_models[folder] = TimedModel(model, -1, tokenizer)
    chat = ChatCompletionHandler(manager, state)
    with listening(build_server(manager, chat, None, None, None, None, state)) as server:
        yield f"{server.url}/v1"
    state.shutdown()


@pytest.fixture(scope="module", params=["transformers serve", "within"])
def address(request, babbler, parrot):
    """Where the models are served."""
    if request.param == "within":
        with within(babbler, parrot) as url:
            yield url
    elif importlib.util.find_spec("accelerate") is None:
        pytest.skip(NEEDS_ACCELERATE)
    else:
        with command() as url:
            yield url


@pytest.fixture
def asking(address, indexed, tmp_path, monkeypatch):
    """(model) -> an assistant by the settings of a footnote.toml that names it."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: indexed.embedder)

    def made(model, temperature=1.0):
        file = tmp_path / "footnote.toml"
        file.write_text(
            f'[ask]\nreader = "sentences"\nthreshold = 0.0\n[write]\nmodel = "openai:{model}"\nwindow = 8000\n'
            f'base_url = "{address}"\ntemperature = {temperature}\nlongest = 100\ntimeout = 120.0\n'
        )
        return build(load_settings({}, file), store=indexed.store).assistant

    return made


def is_told_as_it_is(answer):
    """Whether each sentence rests on words that stand in an article, or says that it rests on none."""
    texts = {hit.article.id: hit.article.text for hit in answer.hits}
    quoted = {c.number for c in answer.citations if texts[c.article_id][c.start : c.end] == c.quote}
    return all(
        quoted.issuperset(one.citations) if one.citations else reserve(one) == UNSUPPORTED for one in answer.sentences
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_whatever_bytes_a_model_writes_there_is_an_answer(asking, babbler, temperature):
    *growing, answer = asking(babbler, temperature).stream(Question(FERRY))
    assert growing, answer.note
    assert all(map(is_told_as_it_is, [*growing, answer]))
    # It cannot guess a key, so what was read is the answer.
    assert (answer.produced_by, answer.refusal, answer.done) == ("sentences", None, True)
    assert answer.note.startswith(f"openai:{babbler} did not answer (nothing that it wrote stands in the passages)")
    assert next(sentence.text for sentence in answer.sentences if sentence.citations) == QUOTES[0]


def test_what_a_model_quotes_by_luck_is_quoted_and_the_rest_is_marked(asking, parrot, monkeypatch):
    monkeypatch.setattr("rag.writing.writer._key", lambda taken: next(key for key in KEYS if key not in taken))
    *growing, answer = asking(parrot).stream(Question(FERRY))
    assert growing, answer.note
    assert all(map(is_told_as_it_is, [*growing, answer]))
    # Of a hundred sayings some are a right quote behind its key, and some are not.
    assert answer.produced_by == f"openai:{parrot}"
    assert answer.note == f"openai:{parrot} was cut off: its answer became too long."
    assert {bool(sentence.citations) for sentence in answer.sentences} == {True, False}
    assert not {"elephants", "dream"} & set(" ".join(c.quote for c in answer.citations).lower().split())
