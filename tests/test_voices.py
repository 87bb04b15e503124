from datetime import date

import pytest
from conftest import article

from index.records import Copy, Hit, Passage
from rag.voices import one_voice

STORM = "The mole fell in the storm of August, and 41 boats could not land. "
BUILD = "It will be built again before the summer, the harbour master told a meeting in the town hall. "
MONEY = "The board borrows 6.4 million crowns for it and raises the landing fee by a tenth. "
TEXT = STORM + BUILD + MONEY


def hit(source, text=TEXT, score=1.0, start=0, within=None, **fields):
    """A hit whose passage is `text`, at `start` of an article that is `within` or the passage itself."""
    of = article(within or text, source=source, **fields)
    return Hit(Passage(f"{source}:{start}", of.id, of.revision, start, start + len(text), text), of, score, "dense")


def voiced(*hits, voice="v"):
    return one_voice(hits, {hit.article.id: voice for hit in hits})


def sources(hits):
    return [(hit.article.source, [copy.source for copy in hit.also]) for hit in hits]


def test_a_copy_that_says_the_same_is_left_out_and_its_source_is_kept():
    copy = hit("b", title="Mole falls", published=date(2026, 5, 3), url="https://b.example/mole", score=0.5)
    (kept,) = voiced(hit("a"), copy)
    assert kept.article.source == "a"
    assert kept.also == (Copy("b", "Mole falls", date(2026, 5, 3), "https://b.example/mole"),)


def test_the_one_that_ranks_first_stays_whichever_it_is():
    assert sources(voiced(hit("b"), hit("a"))) == [("b", ["a"])]


def test_what_stays_keeps_its_order_and_its_score():
    hits = [hit("a", score=0.9), hit("x", "Something else.", 0.8), hit("b", score=0.7), hit("y", "More of it.", 0.6)]
    kept = one_voice(hits, {hits[0].article.id: "v", hits[2].article.id: "v"})
    assert [(h.article.source, h.score, h.found_by) for h in kept] == [
        ("a", 0.9, "dense"), ("x", 0.8, "dense"), ("y", 0.6, "dense"),
    ]  # fmt: skip


def test_articles_without_copies_are_left_as_they_are():
    hits = [hit("a"), hit("b")]
    assert one_voice(hits, {}) == hits


def test_copies_of_two_voices_are_not_compared():
    one, other = hit("a"), hit("b")
    assert len(one_voice([one, other], {one.article.id: "v", other.article.id: "w"})) == 2


def test_what_stays_says_whose_voice_it_is():
    one, alone = hit("a"), hit("x", "Something else.")
    kept = one_voice([one, alone], {one.article.id: "v"})
    assert [h.voice for h in kept] == ["v", ""]
    assert [h.speaker for h in kept] == ["v", alone.article.id]


def test_two_passages_of_one_article_stay_whatever_they_say():
    whole = TEXT + TEXT
    first, second = hit("a", TEXT, within=whole), hit("a", TEXT, start=len(TEXT), within=whole)
    assert len(voiced(first, second)) == 2


@pytest.mark.parametrize(
    "change",
    [
        ("41 boats", "43 boats"),
        ("6.4 million", "6.5 million"),
        ("6.4 million", "6.4 billion"),
        ("could not land", "could land, and not one sank"),
        ("before the summer", "before the winter"),
        ("will be built", "will not be built"),
        ("tenth. ", "tenth. Two members voted against. "),
    ],
)
def test_a_copy_that_says_something_else_stays(change):
    changed = TEXT.replace(*change)
    assert changed != TEXT
    assert sources(voiced(hit("a"), hit("b", changed))) == [("a", []), ("b", [])]


def test_the_same_words_in_another_order_say_something_else():
    one = hit("a", "The dog of the mayor bit the guard at the gate of the old harbour")
    other = hit("b", "The guard of the old gate bit the dog at the harbour of the mayor")
    assert len(voiced(one, other)) == 2


@pytest.mark.parametrize(
    "printed",
    [
        TEXT.upper(),
        TEXT.replace("harbour", "harbor"),
        "PORT TOWN, May 3 (Reuters) - " + TEXT,
        "(AFP) — " + TEXT,
        "PORT TOWN – " + TEXT,
        TEXT.replace(", and", " and").replace(". ", ".\n\n"),
        TEXT.replace("the harbour master", "harbour master"),
        BUILD,
    ],
)
def test_a_copy_in_another_paper_s_dress_or_only_a_part_of_it_says_the_same(printed):
    assert sources(voiced(hit("a"), hit("b", printed))) == [("a", ["b"])]


def test_spelling_across_the_ocean_says_the_same():
    british = "The defence organised 30 per cent of the travelling programme at the centre of the colourful town."
    american = "The defense organized 30 percent of the traveling program at the center of the colorful town."
    assert len(voiced(hit("a", british), hit("b", american))) == len(voiced(hit("b", american), hit("a", british))) == 1


def test_a_passage_cut_elsewhere_is_covered_by_two_of_its_sibling():
    one, two = hit("a", STORM + BUILD, within=TEXT), hit("a", MONEY, start=len(STORM + BUILD), within=TEXT)
    assert sources(voiced(one, two, hit("b", BUILD + MONEY))) == [("a", ["b"]), ("a", [])]
    assert len(voiced(one, hit("b", BUILD + MONEY))) == 2


def test_the_passage_that_says_most_of_it_remembers_the_source():
    one, two = hit("a", STORM, within=TEXT), hit("a", BUILD + MONEY, start=len(STORM), within=TEXT)
    assert sources(voiced(one, two, hit("b"))) == [("a", []), ("a", ["b"])]


def test_each_source_is_named_once_and_all_are_named():
    twice = hit("b", STORM, within=TEXT), hit("b", BUILD, start=len(STORM), within=TEXT)
    assert sources(voiced(hit("a"), *twice, hit("c"))) == [("a", ["b", "c"])]


def test_a_script_without_spaces_is_compared_by_its_characters():
    said, more = "渡轮每天中午十二点从码头开往对岸的小镇", "渡轮每天中午十二点从码头开往对岸的小镇, 票价两个克朗"
    assert len(voiced(hit("a", more), hit("b", said))) == 1
    assert len(voiced(hit("a", said), hit("b", more))) == 2


def test_no_hits_are_no_hits():
    assert one_voice([], {"a": "v"}) == []
