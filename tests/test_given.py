"""A question set that somebody sends: its name, its articles, and what is refused."""

import json

import pytest

from index.errors import FootnoteError
from rag.evals.given import LONGEST_NAME, place_set, stem_of
from rag.evals.sets import load

FERRY = "The ferry sails at noon from the quay. A ticket costs two crowns."
TICKET = {"source": "ferry.txt", "text": "A ticket costs two crowns."}
ASKED = {"id": "q", "question": "What does it cost?", "kind": "single", "gold": [TICKET], "not": [{"source": "x.txt"}]}
REFUSED = {"id": "r", "question": "Who sang?", "kind": "unanswerable", "held_out": ["ferry.txt"]}


@pytest.fixture
def articles(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    for name in ("ferry.txt", "x.txt"):
        (folder / name).write_text(FERRY, encoding="utf-8")
    return folder


def as_bytes(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("My own.jsonl", "my-own"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "own"),
        ("", "own"),
        ("made-1.jsonl", "own-made-1"),
        ("marked-in-conversations.jsonl", "own-marked-in-conversations"),
        ("w" * 500, "w" * LONGEST_NAME),
    ],
)
def test_a_name_becomes_that_of_a_folder(name, stem):
    assert stem_of(name) == stem


def test_an_article_is_found_in_a_folder_that_is_followed(tmp_path, articles):
    place_set(as_bytes(ASKED, REFUSED), ["https://example.org/feed", str(tmp_path), str(articles)], tmp_path / "set")
    asked, refused = load(tmp_path / "set").questions
    assert asked.spans[0].document == str(articles / "ferry.txt")
    assert asked.relevance == {str(articles / "ferry.txt"): 1, str(articles / "x.txt"): 0}
    assert refused.held_out == (str(articles / "ferry.txt"),)


def test_a_set_that_names_whole_paths_is_kept_as_it_is(tmp_path, articles):
    line = {**ASKED, "gold": [{**TICKET, "source": str(articles / "ferry.txt")}], "not": []}
    sent = as_bytes(line)
    place_set(sent, [str(articles)], tmp_path / "set")
    assert (tmp_path / "set" / "questions.jsonl").read_bytes() == sent


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "The file holds no question"),
        (b"\n \n", "The file holds no question"),
        (b"no json\n", "questions.jsonl line 1: this is not JSON"),
        (b"[1]\n", "questions.jsonl line 1: this is not a JSON object"),
        (b'{"id": "q", "gold": 5}\n', "questions.jsonl line 1: 'gold' is not a list: 5"),
        (as_bytes({**ASKED, "gold": [{"source": "gone.txt", "text": "x"}]}), "there is no file 'gone.txt'"),
        (as_bytes({**ASKED, "gold": [{"source": "w" * 5000, "text": "x"}]}), "there is no file 'www"),
        (as_bytes({**ASKED, "gold": [{"source": 5, "text": "x"}]}), "'source' is not a text: 5"),
        (as_bytes(REFUSED, REFUSED), "stands in the set 2 times"),
        (b"\xff\xfe\x00", "this is not JSON"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_kept(tmp_path, articles, data, why):
    with pytest.raises(FootnoteError) as error:
        place_set(data, [str(articles)], tmp_path / "set")
    assert why in str(error.value)
    assert not (tmp_path / "set").exists()


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path, articles):
    (tmp_path / "file").write_text("")
    with pytest.raises(FootnoteError, match="cannot be written: "):
        place_set(as_bytes(REFUSED), [str(articles)], tmp_path / "file" / "set")
