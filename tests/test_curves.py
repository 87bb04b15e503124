"""The made-up archive is like news, and its costs are told as they were measured."""

import json
import xml.etree.ElementTree as ET
from statistics import mean

import numpy as np
import pytest

from benchmarks import curves, made_up
from benchmarks.curves import Stopwatch, asked, indexed
from benchmarks.curves_drawn import decades, slopes, svg, table
from benchmarks.made_up import Archive, NoisyEmbedder
from index.passages import split

REAL = np.eye(384, dtype=np.float32)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """What is measured of 60 passages and 20 questions; put back is what the watch was set to."""
    place = tmp_path_factory.mktemp("curves")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stopwatch, "times", lambda *_: None)
        return {"index": indexed(place / "60", 60, REAL), "ask": asked(place / "60", REAL, 20)}


def test_an_article_has_as_many_passages_as_news_has():
    embedder = NoisyEmbedder(REAL)
    counts = [len(split(made_up.article(1, n), embedder.count, embedder.max_tokens)) for n in range(100)]
    assert mean(counts) == pytest.approx(curves.PASSAGES_AN_ARTICLE, rel=0.15)


def test_the_most_frequent_words_are_much_more_frequent_than_the_next():
    said = " ".join(made_up.article(1, n).text.lower() for n in range(50)).replace(".", "").split()
    first, second = (said.count(word) / len(said) for word in ("the", "and"))
    assert first == pytest.approx(2 * second, rel=0.5)
    assert first > 0.03


def test_an_article_is_the_same_each_time_and_no_other_is():
    assert made_up.article(1, 7).text == Archive(9).article("made-up/0000007").text
    assert made_up.article(1, 7).text != made_up.article(1, 8).text


def test_a_text_has_the_vector_of_a_real_passage_with_noise():
    vector = NoisyEmbedder(REAL).embed_question("The mole fell.")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert (REAL @ vector).max() == pytest.approx(0.89, abs=0.05)


def test_questions_are_of_common_words_of_rare_ones_of_both_and_of_papers():
    assert {kind for kind, _ in made_up.questions(10)} == {"common", "rare", "mixed", "named"}


def test_what_is_measured_is_what_was_indexed(figures):
    assert figures["index"]["articles"] == round(60 / curves.PASSAGES_AN_ARTICLE)
    assert figures["index"]["passages"] > 30
    assert figures["index"]["disk MB"] >= figures["index"]["catalog MB"] + figures["index"]["segments MB"] - 0.1
    assert figures["ask"]["questions"] == 20
    assert figures["ask"]["hits"] > 10


def test_the_seconds_of_a_step_are_without_those_inside_it(monkeypatch):
    now = iter([0, 0, 1, 3, 7])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    watch = Stopwatch()
    with watch.step("outer"), watch.step("inner"):  # from 0 to 7, and from 1 to 3
        pass
    assert watch.wall == {"outer": 1 + 4, "inner": 2}


def test_growth_is_1_where_a_thing_grows_as_the_passages_do():
    sizes = {n: {"index": {"passages": n, "s": n / 5, "open": 3, "all pairs": n * n}} for n in (10, 100)}
    for name, slope in (("s", 1), ("open", 0), ("all pairs", 2)):
        assert slopes(sizes, lambda s, name=name: s["index"][name]) == [pytest.approx(slope)]


def test_an_axis_is_of_whole_powers_of_ten():
    assert decades([968, 96_876]) == (1_000, 100_000)
    assert decades([300, 2_000]) == (100, 10_000)


def test_a_table_and_a_plot_show_the_sizes_that_are_measured_whole(figures):
    figures = json.loads(json.dumps(figures))
    for part in figures.values():
        part["load"] = [1, 2]
    for kind in ("common", "rare", "mixed", "named"):
        figures["ask"]["question cpu ms by kind"].setdefault(kind, figures["ask"]["question cpu ms"])
    more = {**figures, "index": {**figures["index"], "passages": 10 * figures["index"]["passages"]}}
    results = {"sizes": {"600": more, "60": figures, "6000": {"index": figures["index"]}}}
    assert table(results).splitlines()[0] == "|  | 60 | 600 |"
    lines = ET.fromstring(svg(results)).iter("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.get("points").split()) for line in lines] == [2] * 9
