import pickle
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from conftest import article

from index.records import Section, article_id, digest, passage_id


def test_no_two_lists_of_parts_share_a_digest():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab") != digest("ab", "")
    assert digest("é") == digest("é".encode())
    assert len(digest("a")) == 32


def test_a_lone_surrogate_has_a_digest():
    assert digest("\ud800") != digest("\ud801")


def test_an_article_keeps_its_id_when_its_text_is_edited():
    before, after = article("Old.", source="mole"), article("New.", source="mole")
    assert before.id == after.id == article_id("mole")
    assert before.revision != after.revision


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another"},
        {"author": "Ada Quill"},
        {"published": date(2024, 8, 27)},
        {"published_from": "byline"},
        {"language": "de"},
        {"pages": (0, 3)},
        {"sections": (Section(0, 2, "A"),)},
        {"publisher": "The Packet"},
    ],
)
def test_what_a_reader_would_see_changes_the_revision(change):
    assert replace(article("A text."), **change).revision != article("A text.").revision


def test_when_an_article_was_fetched_does_not_change_its_revision():
    early = article("A text.", fetched=datetime(2024, 1, 1, tzinfo=UTC))
    assert early.revision == article("A text.").revision


def test_a_passage_has_an_id_of_its_own_in_each_revision():
    ids = {passage_id("r1", 0, 9), passage_id("r1", 0, 10), passage_id("r1", 1, 9), passage_id("r2", 0, 9)}
    assert len(ids) == 4
    assert passage_id("r1", 0, 9) in ids


def test_an_article_survives_the_way_to_another_process():
    assert pickle.loads(pickle.dumps(article("A text."))).revision == article("A text.").revision
