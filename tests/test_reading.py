import io
import json
import zipfile
from datetime import date

import pytest

from index.records import article_id, digest
from index.sources import reading
from index.sources.reading import LIMITS, SUFFIXES, languages_differ, limit_of, read
from index.sources.sightings import Job

ONE, TWO = "The council of Port Ansel closed the oyster beds.", "The ferry runs on batteries again."


@pytest.fixture
def readings(tmp_path):
    def made(name, data, **fields):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return list(read(Job("shelf/" + name, path, name, title="Not this", published="2001-01-01", fields=fields)))

    return made


def zipped(**files):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return written.getvalue()


def test_the_records_of_a_file_come_before_the_file_and_name_it(readings):
    data = [
        {"id": "a", "title": "Oysters", "text": ONE, "date": "2024-02-08", "url": "https://a.example/b"},
        {"text": ""},
    ]
    one, two, file = readings("x.json", data)
    assert (one.source, one.state, one.part_of) == ("shelf/x.json#a", "indexed", "shelf/x.json")
    assert (one.article.id, one.article.source) == (article_id(one.source), one.source)
    assert (one.article.title, one.article.url) == ("Oysters", "https://a.example/b")
    assert (one.article.published, one.article.published_from) == (date(2024, 2, 8), "record")
    assert (two.source, two.state, two.reason) == ("shelf/x.json#record 2", "skipped", "no text in it")
    assert (file.source, file.state, file.part_of) == ("shelf/x.json", "opened", "")
    assert file.digest == digest(json.dumps(data).encode())


def test_what_is_known_of_the_file_is_not_said_of_its_records(readings):
    one, _ = readings("2024-02-08-x.json", [{"text": ONE}])
    assert (one.article.title, one.article.published) == (ONE, None)


def test_an_object_that_is_an_article_is_the_article_of_its_file(readings):
    [one] = readings("2024-02-08-x.json", {"text": ONE})
    assert (one.source, one.state, one.part_of) == ("shelf/2024-02-08-x.json", "indexed", "")
    assert one.article.title == "Not this"


def test_the_files_in_a_zip_are_read_by_their_own_formats(readings):
    data = zipped(**{"a/2024-02-08-b.md": f"# Oysters\n\n{ONE}", "c.pdf": "no", "d.png": "x", "e.docx": "no zip"})
    b, c, d, e, whole = readings("z.zip", data)
    assert (b.source, b.digest) == ("shelf/z.zip#a/2024-02-08-b.md", digest(f"# Oysters\n\n{ONE}".encode()))
    assert (b.article.title, b.article.published_from) == ("Oysters", "file name")
    assert (c.state, c.reason, c.digest) == ("failed", "damaged PDF: it does not begin as one", "")
    assert (d.state, d.reason) == ("skipped", "not an article format (.png)")
    assert (e.state, e.reason) == ("failed", "damaged Word document")
    assert {part.part_of for part in (b, c, d, e)} == {"shelf/z.zip"}
    assert (whole.source, whole.state, whole.digest) == ("shelf/z.zip", "opened", digest(data))


def test_records_in_a_zip_are_parts_of_the_zip(readings):
    one, whole = readings("z.zip", zipped(**{"a.jsonl": json.dumps({"id": 7, "text": ONE})}))
    assert (one.source, one.part_of, one.state) == ("shelf/z.zip#a.jsonl#7", "shelf/z.zip", "indexed")
    assert whole.state == "opened"


def test_a_file_without_articles_is_skipped_and_one_that_is_damaged_fails(readings):
    [none] = readings("x.json", {"version": 1})
    assert (none.state, none.reason) == ("skipped", "no articles in it: no field that holds a text")
    [none] = readings("z.zip", zipped(**{"a.png": "x"}))
    assert (none.state, none.reason) == ("skipped", "no articles in it")
    [broken] = readings("z.zip", b"PK")
    assert (broken.state, broken.reason, broken.digest) == ("failed", "damaged zip", "")


def test_a_file_that_breaks_off_fails_after_what_came_before(readings):
    one, file = readings("x.json", b'[{"text": "One fell."}, {"te')
    assert (one.state, one.article.text) == ("indexed", "One fell.")
    assert (file.source, file.state, file.reason) == ("shelf/x.json", "failed", "damaged JSON: it breaks off")


def test_a_mapping_reaches_the_records(readings):
    one, _ = readings("x.csv", b"when,what\n2024-02-08,One fell.\n", text="what", published="when")
    assert (one.article.text, one.article.published) == ("One fell.", date(2024, 2, 8))


def test_files_of_several_articles_may_be_larger(monkeypatch, readings):
    assert limit_of("A.JSONL") == limit_of("b.zip") == 10 * limit_of("c.txt") == 10 * limit_of("d")
    assert LIMITS.keys() == SUFFIXES
    monkeypatch.setitem(reading.LIMITS, ".csv", 10)
    [one] = readings("x.csv", b"text\nOne fell.\n")
    assert (one.state, one.reason) == ("skipped", "larger than 0 MB")


def test_a_process_without_memory_says_so_itself(monkeypatch, tmp_path):
    def grows(data, path):
        raise MemoryError

    monkeypatch.setattr(reading, "drafted", grows)
    (tmp_path / "a.txt").write_text(ONE)
    with pytest.raises(MemoryError):
        list(read(Job("a", tmp_path / "a.txt", "a.txt")))


QUESTIONS = {
    "en": "When was the new bridge over the river opened again?",
    "de": "Wann wurde die neue Brücke über den Fluss wieder eröffnet?",
    "fr": "Quand le nouveau pont sur la rivière a-t-il été ouvert ?",
    "es": "¿Cuándo se abrió de nuevo el puente sobre el río?",
    "ru": "Когда был снова открыт новый мост через реку?",
    "zh": "新桥是什么时候重新开通的？",
    "ar": "متى افتتح الجسر الجديد على النهر مرة أخرى؟",
}


@pytest.mark.parametrize("one", QUESTIONS)
@pytest.mark.parametrize("other", QUESTIONS)
def test_texts_in_two_languages_are_told_apart(one, other):
    assert languages_differ(QUESTIONS[one], QUESTIONS[other]) == (one != other)


@pytest.mark.parametrize(
    "question",
    [
        "What did Nixon join on October 20, 1973?",
        "What did Britain do in September 1971?",
        "When was Radcliffe's curriculum secularized?",
        "What is the maximum retention period?",
        "What was the name of the CEO of Powszechny Zakład Ubezpieczeń in Dec 2015?",
        "Which charity owned the Penrhym Castle in Llandygai, Bangor, Gwynedd, North Wales from 1951 to 1952?",
        "Carthage?",
        "",
    ],
)
def test_english_that_looks_like_another_language_is_no_other(question):
    assert not languages_differ(question, QUESTIONS["en"])
    assert not languages_differ(QUESTIONS["en"], question)


def test_languages_that_are_too_near_to_tell_are_not_told_apart():
    assert not languages_differ("Hvorfor gikk ikke fergen i vinter?", "Hvorfor sejlede færgen ikke i vinter?")


def test_names_in_another_script_are_no_language():
    asked, names = QUESTIONS["en"], "东方快车谋杀案, 尼罗河上的惨案, 无人生还"
    assert not languages_differ(asked, f"The films that were shown in the hall last week are {names}.")
