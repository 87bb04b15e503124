import math

import pytest
from reading import SURE, tiny, tiny_reader

from index.errors import FootnoteError
from rag.reading.others import CrossEncoderRanker, ForeignModel
from rag.reading.spans import read_windows
from rag.reading.windows import windows
from training.network import Network

PASSAGES = [
    ("", "ada has 11."),
    ("Ada", "Ann met  Émile in 1934."),
    ("A title", "bob has 22. cy has 33. " * 40),
    ("Ada", ""),
]
LONG = "who has " * 300
MISSING = "nobody/no-such-model"  # in the local cache


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_reader(tmp_path_factory.mktemp("foreign"), spread=SURE)


@pytest.fixture(scope="module")
def ranking(tmp_path_factory):
    from transformers import BertForSequenceClassification

    return tiny(BertForSequenceClassification, tmp_path_factory.mktemp("ranking"), spread=SURE, num_labels=1)


# A reader -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["ada?", "who met  Émile", LONG, ""])
def test_a_reader_of_other_people_is_read_as_ours_is(folder, question):
    network = Network(folder, dtype="float32")
    made = windows(network.tokenizer, [(question, *one) for one in PASSAGES])
    logits = network.logits([window for of in made for window in of])
    expected = read_windows(made, [text for _, text in PASSAGES], logits, 3)
    found = ForeignModel(str(folder)).read(question, PASSAGES, 3)
    assert [[(s.start, s.end) for s in of] for of in found] == [[(s.start, s.end) for s in of] for of in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert [s.score for s in mine] == pytest.approx([s.score for s in theirs], abs=1e-3)
    assert [bool(of) for of in found] == [True, True, True, False]


def test_it_is_named_as_its_folder(folder):
    assert ForeignModel(str(folder)).name == folder.name
    assert ForeignModel("someone/some-reader").name == "some-reader"


def test_its_chance_grows_with_the_score():
    chances = [ForeignModel("any").chance(score) for score in (-1e6, -2, 0, 2, 1e6)]
    assert chances == sorted(chances)
    assert chances[2] == 0.5
    assert chances[3] == pytest.approx(1 / (1 + math.exp(-1)))


def test_a_folder_without_heads_is_refused(tmp_path):
    from transformers import BertModel

    with pytest.raises(FootnoteError, match=r"reader .* cannot be loaded \(it has no qa_outputs"):
        ForeignModel(str(tiny(BertModel, tmp_path))).read("ada?", PASSAGES)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(FootnoteError, match=r"reader .* cannot be loaded"):
        ForeignModel(str(tmp_path)).read("ada?", PASSAGES)


def test_a_name_that_is_not_on_this_machine_is_refused():
    with pytest.raises(FootnoteError, match=f"reader '{MISSING}' cannot be loaded"):
        ForeignModel(MISSING).read("ada?", PASSAGES)


# A ranker -------------------------------------------------------------------------------------------------------------


def test_a_ranker_gives_one_number_for_each_passage(ranking):
    ranker = CrossEncoderRanker(str(ranking))
    together = ranker.relevance("ada?", PASSAGES)
    assert together == pytest.approx([ranker.relevance("ada?", [one])[0] for one in PASSAGES], abs=1e-5)
    assert len(set(together)) == len(PASSAGES)


def test_a_ranker_of_no_passages_gives_no_numbers(ranking):
    assert CrossEncoderRanker(str(ranking)).relevance("ada?", []) == []


def test_a_folder_without_a_ranker_is_refused(tmp_path):
    with pytest.raises(FootnoteError, match=r"ranker .* cannot be loaded"):
        CrossEncoderRanker(str(tmp_path / "none")).relevance("ada?", PASSAGES)


def test_a_ranker_that_is_not_on_this_machine_is_refused():
    with pytest.raises(FootnoteError, match=f"ranker '{MISSING}' cannot be loaded"):
        CrossEncoderRanker(MISSING).relevance("ada?", PASSAGES)


def test_a_folder_without_a_head_for_relevance_is_no_ranker(tmp_path):
    folder = tiny_reader(tmp_path / "reader")
    with pytest.raises(FootnoteError, match=r"it is a BertForQuestionAnswering"):
        CrossEncoderRanker(str(folder)).relevance("who?", [("", "ada has 11.")])
