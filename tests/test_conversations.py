"""What is kept is what was shown: equal, its quotes in their articles, and nobody else's."""

import contextlib
import json
import subprocess
import sys
import threading
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Shelf, resynced

from index.database import DRAFT, Database
from index.errors import FootnoteError, UsageError
from index.records import Article, Copy, Hit, Overview, Passage, Section, article_id
from index.writer import writing
from page import chat
from rag import stored
from rag.answers import Answer, Doubt, Draft, DraftSentence, Question, Quote, Refusal, Spot
from rag.chain import Assistant
from rag.citations import verify
from rag.conversations import FORM, Conversations
from rag.keeping import keeping
from rag.named import Implied
from rag.periods import Period
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever
from rag.stored import shown

ROOT = Path(__file__).parent.parent
MOLE = Article(
    article_id("mole.pdf"), "mole.pdf", "The mole", "The mole fell in August.\nRepairs\nIt was rebuilt by May.",
    "Ines Calloway", date(2024, 8, 27), "byline", datetime(2024, 9, 1, 8, 30, tzinfo=UTC), "en", (0, 25),
    (Section(25, 33, "Repairs"),), date(2024, 8, 28), "https://example.org/mole", "The Packet",
)  # fmt: skip
SECOND = timedelta(seconds=1)
FERRY = Article(
    article_id("ferry.txt"), "ferry.txt", "Ferry", "The ferry sails at noon. A ticket costs two crowns.",
    fetched=datetime(2024, 9, 1, tzinfo=UTC),
)  # fmt: skip
HOSTILE = (
    "\x1b[31mred\x1b[0m \x00 nul",
    "\u202eright to left\u202c \u200b\u2066hidden\u2069",
    "<script>alert(1)</script> ![x](http://evil.test) [^1-1]: \\ \\input{x} {{ } %",
    "'; DROP TABLE turns; --",
    "lone \ud800 surrogate",
    "word " * 700,
    "w" * 3_900,
    "Straße ΑΘΗΝΑ 北京 İzmir é e\u0301",
)


def hit(article, start, end, **fields):
    passage = Passage(f"{article.source}:{start}", article.id, article.revision, start, end, article.text[start:end])
    return Hit(replace(passage, heading="Repairs", page=2), article, 0.1 + start / 3, "dense+lexical", **fields)


FALL = hit(MOLE, 0, 24, voice="v", also=(Copy("post.html", "The mole", date(2024, 8, 27), "https://example.org/post"),))
MAY = hit(MOLE, 33, 55)
SAILS, CROWNS = hit(FERRY, 0, 24), hit(FERRY, 25, 51)
CLAIMS = (
    DraftSentence("It fell in August, and was whole by May.", (Quote(FALL.passage.id, "fell in August"),
                  Quote(MAY.passage.id, "It was rebuilt by May.")), (11, 17), Doubt.MEANING),
    DraftSentence("The ferry sails at noon.", (Quote(SAILS.passage.id, "The ferry sails at noon."),)),
    DraftSentence("Nobody says so.", ()),
)  # fmt: skip


def answer(question="When did it fall?", claims=CLAIMS, hits=(MAY, SAILS, FALL, CROWNS), **fields):
    """An answer as the chain makes one, with something in each field."""
    sentences, citations = verify(Draft(claims, "test"), hits)
    made = Answer(
        question=Question(question, ("What is the mole?",), datetime(2024, 9, 1, 12, 0, 0, 5, tzinfo=UTC)),
        searched_for=f"What is the mole? {question}",
        sentences=sentences,
        citations=citations,
        hits=hits,
        searched=Overview(2, 4, date(2024, 8, 27), None, 1, 7),
        produced_by="test model",
        timings={"retrieve": 0.1, "read": 1e-7},
        confidence=1 / 3,
        implied=Implied(("The Packet",), ("Ines Calloway",), (Period("in May", date(2024, 5, 1), date(2024, 5, 31)),)),
        differing=True,
        spots=(Spot(FALL.passage.id, 17, 23),),
        prompt="0a1b",
        note="The language model was slow.",
        heading="What is new:",
        unknown=("lithium",),
    )
    return replace(made, **fields)


def refused(question="Who sang?", why=Refusal.NOT_SUPPORTED, hits=(CROWNS, MAY, FALL, SAILS)):
    return answer(question, (), hits, refusal=why, differing=False, heading="")


@pytest.fixture
def kept(place):
    return Conversations(place)


def said(kept, *questions, conversation=None):
    """A conversation of these questions."""
    conversation = conversation or kept.begin()
    for question in questions:
        kept.keep(conversation, answer(question))
    return conversation


def titles(kept, *arguments):
    return [conversation.title for conversation in kept.listing(*arguments)]


def change(place, statement):
    """Changes what is kept behind its back, with right checksums; `:none` and `:zero` are bytes."""
    kept, values = keeping(place), {"none": b"", "zero": b"\0"}
    if kept.database:
        with kept.writing(FORM) as db:
            db.execute("SET LOCAL session_replication_role = replica")
            db.execute(statement, values)
        return
    with contextlib.closing(Database(kept.store, FORM)) as file:
        file.connection.execute("PRAGMA foreign_keys = OFF")
        file.connection.execute(statement, values)


def rows(place, query):
    with keeping(place).reading(FORM) as db:
        return [tuple(row) for row in db.execute(query).fetchall()] if db else []


# An answer is read back as it was shown -------------------------------------------------------------------------------


def test_an_answer_is_read_back_equal_to_what_was_shown(place, kept):
    conversation = kept.begin()
    turn = kept.keep(conversation, answer(), {"reader": "footnote", "read": 6})
    (read,) = Conversations(place).turns(conversation)
    assert read == turn
    assert read.answer == shown(answer())
    assert read.answer != shown(answer("And the ferry?"))
    assert (read.number, read.question, read.settings) == (1, "When did it fall?", {"reader": "footnote", "read": 6})


def test_each_field_of_the_answer_of_this_test_is_another_than_its_default():
    plain = Answer(Question(""), "", (), (), (), Overview(0, 0, None, None, 0, 0), "")
    same = {"refusal", "done", "pending", "early", "nearby", "offers"}  # the last two are told when it is shown
    assert {name for name in Answer.__slots__ if getattr(answer(), name) == getattr(plain, name)} == same


def test_a_refusal_is_read_back_with_the_passages_that_it_showed(kept):
    conversation = kept.begin()
    kept.keep(conversation, refused())
    (turn,) = kept.turns(conversation)
    assert turn.answer == shown(refused())
    assert turn.answer.hits == (CROWNS, MAY, FALL)
    assert turn.answer.refusal is Refusal.NOT_SUPPORTED


def test_what_else_was_found_and_what_may_be_asked_next_are_read_back(kept):
    whole = answer("Did the East Mole fall?", CLAIMS[:1])
    conversation = kept.begin()
    kept.keep(conversation, whole)
    (turn,) = kept.turns(conversation)
    assert turn.answer == shown(whole)
    (found,) = turn.answer.nearby
    assert (found.article, found.title, found.passage) == (FERRY.id, "Ferry", SAILS.passage.id)
    assert (found.start, found.end, found.said) == (0, 24, "The ferry sails at noon.")
    assert turn.answer.offers == ("Timeline of the East Mole",)


def test_the_page_shows_as_many_passages_of_a_refusal_as_are_kept():
    assert chat.NEAREST == stored.NEAREST


def test_of_an_answer_the_hits_that_are_cited_are_kept_and_the_ids_of_all(kept):
    conversation = kept.begin()
    (turn,) = [kept.keep(conversation, answer())]
    assert turn.answer.hits == (MAY, SAILS, FALL)
    assert turn.passages == tuple(h.passage.id for h in (MAY, SAILS, FALL, CROWNS))
    assert kept.turns(conversation) == [turn]


def test_a_citation_holds_after_the_article_was_changed_and_removed(store, indexed, shelf, embedder, kept):
    assistant = Assistant(HybridRetriever(index=indexed), SentenceReader(indexed))
    conversation, question = kept.begin(), Question("When did the mole fall?")
    before = assistant.ask(question)
    assert before.citations
    kept.keep(conversation, before)
    shelf.texts = {"ferry": shelf.texts["ferry"], "mole": "Corrected: the mole never fell in August."}
    resynced(store, shelf, embedder)
    assert assistant.ask(question).citations[0].quote != before.citations[0].quote
    resynced(store, Shelf(ferry=shelf.texts["ferry"]), embedder)
    (turn,) = kept.turns(conversation)
    assert turn.answer.citations == before.citations
    texts = {h.passage.id: h.article.text for h in turn.answer.hits}
    assert all(texts[c.passage_id][c.start : c.end] == c.quote for c in turn.answer.citations)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_kept_as_it_is(kept, text):
    article = replace(MOLE, text=f"{text}. The end.", title=text, author=text, sections=(), source=f"/{text}")
    found = hit(article, 0, len(text))
    sentence = DraftSentence(f"Said {text}", (Quote(found.passage.id, text),))
    given = answer(text, (sentence,), (found,), note=text, searched_for=text)
    conversation = kept.begin()
    kept.keep(conversation, given, {"note": text})
    (turn,) = kept.turns(conversation)
    assert turn.answer == shown(given)
    assert turn.answer.citations[0].quote == text
    assert turn.settings == {"note": text}


def test_a_text_is_kept_once_for_all_turns_that_rest_on_it(place, kept):
    said(kept, "One?", "Two?")
    said(kept, "Three?")
    Conversations(place, "another").keep(kept.begin(), answer())
    texts = rows(place, "SELECT text FROM texts")
    assert sorted(zlib.decompress(text).decode() for (text,) in texts) == sorted([MOLE.text, FERRY.text])


def test_an_article_that_changed_is_kept_as_each_turn_saw_it(kept):
    conversation = said(kept, "One?")
    edited = replace(MOLE, text=MOLE.text.replace("August", "July"))
    found = hit(edited, 0, 22)
    kept.keep(conversation, answer("Two?", (DraftSentence("July.", (Quote(found.passage.id, "July"),)),), (found,)))
    one, two = kept.turns(conversation)
    assert ("August" in one.answer.hits[-1].article.text, two.answer.hits[0].article.text) == (True, edited.text)


def test_settings_of_any_kind_are_kept_as_json_has_them(kept):
    conversation = kept.begin()
    turn = kept.keep(conversation, answer(), {"store": Path("x"), "networks": ("a", "b"), "threshold": 0.5})
    assert turn.settings == {"store": "x", "networks": ["a", "b"], "threshold": 0.5}
    assert kept.turns(conversation) == [turn]


def test_an_answer_that_is_not_done_is_refused(place, kept):
    with pytest.raises(UsageError, match="still being written"):
        kept.keep(kept.begin(), answer(done=False))
    with place.reading(FORM) as db:
        assert db is None


def test_an_answer_that_would_be_read_back_as_another_is_refused(place, kept):
    false = replace(answer(), citations=(replace(answer().citations[0], quote="rose in August"),))
    with pytest.raises(FootnoteError, match="cannot be kept"):
        kept.keep(kept.begin(), false)
    with place.reading(FORM) as db:
        assert db is None


# Conversations --------------------------------------------------------------------------------------------------------


def test_looking_at_a_store_without_conversations_makes_nothing(place, kept):
    assert kept.listing() == []
    for look in (kept.turns, kept.find, kept.remove, lambda c: kept.rename(c, "Title")):
        with pytest.raises(UsageError):
            look(kept.begin())
    assert not place.store.exists()
    with place.reading(FORM) as db:
        assert db is None


def test_a_conversation_is_there_from_its_first_turn(kept):
    conversation = kept.begin()
    assert kept.listing() == []
    said(kept, "One?", conversation=conversation)
    (listed,) = kept.listing()
    assert (listed.id, listed.title, listed.turns) == (conversation, "One?", 1)


def test_the_title_is_the_first_question_on_one_line_and_clipped(kept):
    said(kept, "Why\x1b[31m\n did \u202eit " + "and then " * 30 + "fall?", "Two?")
    (title,) = titles(kept)
    assert title.startswith("Why[31m did it and then")
    assert title.endswith(" …")
    assert len(title) < 90


def test_turns_are_numbered_from_1_in_the_order_they_were_kept(kept):
    turns = kept.turns(said(kept, "One?", "Two?", "Three?"))
    assert [(turn.number, turn.question) for turn in turns] == [(1, "One?"), (2, "Two?"), (3, "Three?")]


def test_the_conversation_with_the_newest_turn_is_first(place):
    now = datetime(2024, 9, 1, tzinfo=UTC)
    clock = (now + timedelta(seconds=n) for n in range(9))
    kept = Conversations(place, clock=lambda: next(clock))
    old = said(kept, "Old?")
    said(kept, "New?")
    assert titles(kept) == ["New?", "Old?"]
    said(kept, "Again?", conversation=old)
    assert titles(kept) == ["Old?", "New?"]
    assert [(c.begun - now, c.changed - now) for c in kept.listing()] == [(timedelta(0), 2 * SECOND), (SECOND, SECOND)]
    assert [titles(kept, "", 1, n) for n in range(3)] == [["Old?"], ["New?"], []]


def test_a_conversation_is_renamed(kept):
    conversation = said(kept, "One?")
    kept.rename(conversation, " About\nthe \u202emole ")
    assert titles(kept) == ["About the mole"]
    assert (titles(kept, "about"), kept.turns(conversation)[0].question) == (["About the mole"], "One?")


@pytest.mark.parametrize("title", ["", " \n", "\u202e\x1b"])
def test_a_title_that_says_nothing_is_refused(kept, title):
    conversation = said(kept, "One?")
    with pytest.raises(UsageError, match="title is empty"):
        kept.rename(conversation, title)
    assert titles(kept) == ["One?"]


def test_a_conversation_that_is_removed_is_erased_and_what_others_rest_on_stays(place, kept):
    secret = replace(FERRY, text="The password is swordfish. " + FERRY.text)
    found = hit(secret, 0, 26)
    claims = (*CLAIMS, DraftSentence("S.", (Quote(found.passage.id, "password"),)))
    doomed, stays = kept.begin(), said(kept, "One?")
    kept.keep(doomed, answer("Zanzibar?", claims, (MAY, FALL, SAILS, found)))
    assert rows(place, "SELECT count(*) FROM texts") == [(3,)]
    kept.remove(doomed)
    assert titles(kept) == ["One?"]
    assert kept.turns(stays)[0].answer
    assert rows(place, "SELECT count(*) FROM texts") == [(2,)]
    assert rows(place, "SELECT count(*) FROM said") == [(1,)]
    assert b"zanzibar" not in b"".join(file.read_bytes() for file in place.store.glob("*"))
    with pytest.raises(UsageError, match="There is no conversation"):
        kept.turns(doomed)


def test_a_conversation_is_found_by_how_its_id_begins(kept):
    one, two = said(kept, "One?"), said(kept, "Two?")
    alike = len(next(n for n in range(33) if one[:n] != two[:n]) * [0])
    assert kept.find(one[:alike]).title == "One?"
    assert kept.find(two).title == "Two?"


@pytest.mark.parametrize("name", ["", "x", "f" * 33, "%", "' OR 1=1 --", "\ud800", "F" * 32])
def test_a_name_that_is_none_is_a_usage_error(kept, name):
    said(kept, "One?")
    for look in (
        kept.find,
        kept.turns,
        kept.remove,
        lambda n: kept.rename(n, "Title"),
        lambda n: kept.keep(n, answer()),
    ):
        with pytest.raises(UsageError, match="There is no conversation"):
            look(name)


def test_an_id_that_two_begin_with_is_told(kept):
    for n in (1, 2):
        said(kept, f"{n}?", conversation=f"ab{n}".ljust(32, "0"))
    with pytest.raises(UsageError, match="More than one conversation begins with ab"):
        kept.find("ab")
    assert kept.find("ab2").title == "2?"


# Owners ---------------------------------------------------------------------------------------------------------------


def test_nobody_sees_the_conversation_of_another(place, kept):
    hers, his = Conversations(place, "her"), Conversations(place, "his")
    conversation = said(hers, "Her secret?")
    said(his, "His?")
    for other in (his, kept, Conversations(place, "HER"), Conversations(place, "her\x00")):
        assert conversation not in {c.id for c in other.listing()}
        assert titles(other, "secret") == []
        assert refusals(other, conversation) == refusals(other, "0" * 32)
    assert [turn.question for turn in hers.turns(conversation)] == ["Her secret?"]


def refusals(kept, conversation):
    """What is said of a conversation by all that can be done with one, without its id."""
    tries = (kept.turns, kept.find, kept.remove, lambda c: kept.rename(c, "Mine"), lambda c: kept.keep(c, answer()))
    told = []
    for attempt in tries[: 4 if conversation == "0" * 32 else 5]:
        with pytest.raises(UsageError) as error:
            attempt(conversation)
        told.append(str(error.value).replace(conversation, ""))
    return set(told)


@pytest.mark.parametrize("owner", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_may_be_an_owner(place, owner):
    said(Conversations(place, owner), "One?")
    assert titles(Conversations(place, owner)) == ["One?"]
    assert titles(Conversations(place, owner + "\ufffd")) == titles(Conversations(place, owner[:-1])) == []


# Search ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(kept):
    said(kept, "Wo liegt die Straße nach Zürich?")
    said(kept, "Πού είναι η Αθήνα;", "And in 北京?")
    said(kept, "100% of what_ever?")
    return kept


@pytest.mark.parametrize(
    ("like", "found"),
    [
        ("STRASSE", ["Wo liegt die Straße nach Zürich?"]),
        ("zürich", ["Wo liegt die Straße nach Zürich?"]),
        ("ZU\u0308RICH straße", ["Wo liegt die Straße nach Zürich?"]),
        ("urich lieg", ["Wo liegt die Straße nach Zürich?"]),
        ("ΑΘΗΝΑ", ["Πού είναι η Αθήνα;"]),
        ("北京 αθηνα", ["Πού είναι η Αθήνα;"]),
        ("zürich 北京", []),
        ("100% what_ever", ["100% of what_ever?"]),
        ("%", ["100% of what_ever?"]),
        ("_", ["100% of what_ever?"]),
        ("elephant", []),
    ],
)
def test_a_search_finds_pieces_of_words_without_regard_to_capitals_and_accents(library, like, found):
    assert titles(library, like) == found


def test_a_search_looks_into_answers_and_titles(library):
    everything = titles(library)
    assert len(everything) == 3
    assert titles(library, "FERRY sails whole") == everything == titles(library, " \n") == titles(library, "\u200b")


def test_of_a_long_search_the_first_eight_words_are_looked_for(library):
    eight = "it fell in august and was whole by"
    assert titles(library, f"{eight} elephant") == titles(library)
    assert titles(library, f"elephant {eight}") == []


# Damage ---------------------------------------------------------------------------------------------------------------

DAMAGES = {
    "the record is cut off": "UPDATE turns SET record = substr(record, 1, 100) WHERE place = 2",
    "the record is empty": "UPDATE turns SET record = :none WHERE place = 2",
    "the record is no bytes": "UPDATE turns SET record = 'record' WHERE place = 2",
    "the record is another's": "UPDATE turns SET record = (SELECT record FROM turns WHERE place = 1) WHERE place = 2",
    "what it was made with is gone": "UPDATE turns SET made_with = :none WHERE place = 2",
    "the day is none": "UPDATE turns SET kept = 'soon' WHERE place = 2",
    "its text is gone": "DELETE FROM texts WHERE digest IN (SELECT text FROM rests_on WHERE turn = 2) "
    "AND digest NOT IN (SELECT text FROM rests_on WHERE turn <> 2)",
    "its text is not known": "DELETE FROM rests_on WHERE turn = 2",
}


@pytest.fixture
def three(kept):
    """Three turns, the second of which rests on an article of its own."""
    conversation = said(kept, "One?")
    other = replace(FERRY, text="The tram is late.", source="tram.txt")
    found = hit(other, 0, 17)
    kept.keep(conversation, answer("Two?", (DraftSentence("Late.", (Quote(found.passage.id, "late"),)),), (found,)))
    return said(kept, "Three?", conversation=conversation)


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_turn_says_so_and_the_others_are_there(place, kept, three, statement):
    assert all(turn.answer for turn in kept.turns(three))
    change(place, statement)
    one, two, three = kept.turns(three)
    assert (two.number, two.question, two.answer) == (2, "Two?", None)
    assert two.trouble.startswith("The answer to this question was damaged where it is kept: ")
    assert two.trouble.count(".") == 1
    assert one.answer == shown(answer("One?"))
    assert three.answer == shown(answer("Three?"))


def rewritten(record, change):
    """The record with a change made to its JSON."""
    values = json.loads(zlib.decompress(record))
    change(values)
    return zlib.compress(json.dumps(values).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["citations"][0].update(text="fell in Augusta"),
        lambda v: v["citations"][0].update(start=3),
        lambda v: v["citations"][0].update(passage_id="another"),
        lambda v: v["citations"].append(v["citations"][0]),
        lambda v: v["citations"].pop(),
        lambda v: v["sentences"][0].update(citations=[0]),
        lambda v: v["sentences"][1].update(citations=[]),
        lambda v: v["sentences"][1].update(text=" "),
        lambda v: v["sentences"][1].update(doubt="none"),
        lambda v: v["sentences"][0].update(mark=[1]),
        lambda v: v["hits"][0].update(article=9),
        lambda v: v["hits"][0].update(score="high"),
        lambda v: v["articles"][0].update(published="yesterday"),
        lambda v: v["articles"][0].update(text="0" * 32),
        lambda v: v["question"].update(text=5),
        lambda v: v.update(refusal="because"),
        lambda v: v.update(timings=[1]),
        lambda v: v.pop("searched"),
        lambda v: v.clear(),
    ],
)
def test_a_record_that_was_changed_by_hand_is_damage(change):
    good = stored.stored(shown(answer()))
    assert stored.restored(good) == shown(answer())
    with pytest.raises(stored.Damaged):
        stored.restored(replace(good, record=rewritten(good.record, change)))


def test_a_field_that_was_not_known_when_it_was_kept_has_its_default():
    good = stored.stored(shown(answer()))
    older = replace(
        good,
        record=rewritten(
            good.record, lambda v: [*map(v.pop, ("note", "nearby", "offers")), v["articles"][0].pop("publisher")]
        ),
    )
    read = stored.restored(older)
    assert (read.note, read.hits[0].article.publisher, read.nearby, read.offers) == ("", None, (), ())
    assert read.sentences == answer().sentences


def test_a_page_that_is_not_as_it_was_written_is_never_read(store):
    kept = Conversations(store)
    conversation = said(kept, *(f"{n}?" for n in range(12)))
    whole, good = kept.turns(conversation), (store / FORM.name).read_bytes()
    lost, refusals = 0, set()
    for page in range(len(good) // 4096):
        data = bytearray(good)
        data[4096 * page + 3000] ^= 4
        (store / FORM.name).write_bytes(data)
        try:
            turns = kept.turns(conversation)
        except FootnoteError as error:
            refusals.add((str(error), error.hint))
            continue
        lost += sum(not turn.answer for turn in turns)
        assert [turn for turn in turns if turn.answer] == [
            w for w, turn in zip(whole, turns, strict=True) if turn.answer
        ]
        assert all("a page is not as it was written" in turn.trouble for turn in turns if not turn.answer)
    assert lost
    assert refusals == {(f"{store / FORM.name} is damaged (a page is not as it was written)", FORM.mend)}


@pytest.mark.parametrize("bytes_", [b"", b"not a database" * 999])
def test_a_file_that_is_no_database_is_told_or_begun(store, bytes_):
    kept = Conversations(store)
    store.mkdir()
    (store / FORM.name).write_bytes(bytes_)
    if bytes_:
        with pytest.raises(FootnoteError, match="is damaged"):
            kept.listing()
    else:
        assert kept.listing() == []


def test_a_file_of_a_newer_footnote_is_left_alone(store):
    kept = Conversations(store)
    conversation = said(kept, "One?")
    change(store, "PRAGMA user_version = 99")
    with pytest.raises(FootnoteError, match="newer Footnote"):
        kept.turns(conversation)


# Crowds ---------------------------------------------------------------------------------------------------------------

WRITES = """
import sys
sys.path[:0] = [".", "tests"]
from pathlib import Path
from test_conversations import answer
from rag.conversations import Conversations
from rag.keeping import Keeping
store, database, conversation, who, turns = Path(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5])
kept = Conversations(Keeping(store, database))
for n in range(turns):
    kept.keep(conversation, answer(f"{who} {n}?"))
assert len(kept.turns(conversation)) >= turns
"""


def test_two_processes_and_two_threads_write_to_one_conversation_and_nothing_is_lost(place, kept):
    conversation, each = kept.begin(), 6
    command = [sys.executable, "-c", WRITES, str(place.store), place.database, conversation]
    crowd = [
        subprocess.Popen([*command, who, str(each)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for who in ("one", "two")
    ]
    troubles = []

    def write(who):
        try:
            said(kept, *(f"{who} {n}?" for n in range(each)), conversation=conversation)
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=write, args=(who,)) for who in ("three", "four")]
    for thread in threads:
        thread.start()
    assert [process.communicate(timeout=120)[1] for process in crowd] == ["", ""]
    for thread in threads:
        thread.join()
    assert troubles == []
    turns = kept.turns(conversation)
    assert [turn.number for turn in turns] == list(range(1, 4 * each + 1))
    for who in ("one", "two", "three", "four"):
        own = [turn.question for turn in turns if turn.question.startswith(f"{who} ")]
        assert own == [f"{who} {n}?" for n in range(each)]
    assert all(turn.answer == shown(answer(turn.question)) for turn in turns)
    assert not list(place.store.glob(f"{FORM.name}-making*"))


TURNS_OVER = """
import sys
sys.path[:0] = [".", "tests"]
from pathlib import Path
from test_conversations import said
from rag.conversations import Conversations
from rag.keeping import Keeping
kept = Conversations(Keeping(Path(sys.argv[1]), sys.argv[2]), sys.argv[3])
for n in range(8):
    kept.remove(said(kept, f"{n}?"))
said(kept, "Last?")
"""


def test_texts_that_some_erase_while_others_come_to_rest_on_them_are_there_for_those_who_do(place):
    command = [sys.executable, "-c", TURNS_OVER, str(place.store), place.database]
    crowd = [subprocess.Popen([*command, who], cwd=ROOT, stderr=subprocess.PIPE, text=True) for who in ("ada", "grace")]
    assert [process.communicate(timeout=120)[1] for process in crowd] == ["", ""]
    for who in ("ada", "grace"):
        kept = Conversations(place, who)
        assert [turn.answer for turn in kept.turns(kept.listing()[0].id)] == [shown(answer("Last?"))]
    assert rows(place, "SELECT count(*) FROM texts") == [(2,)]


def test_a_sync_leaves_alone_a_file_of_conversations_that_is_being_made(store):
    store.mkdir()
    draft = store / f"{FORM.name}-{DRAFT}abc"
    draft.write_bytes(b"half")
    with writing(store):
        assert draft.exists()
