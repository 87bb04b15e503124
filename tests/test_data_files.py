import json
import random
import time
import tracemalloc
from datetime import date

import pytest

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from index.sources import data_files
from index.sources.data_files import Names, read_records

ONE, TWO = "The council closed the oyster beds.", "The ferry runs on batteries again."


def read(data, name="x.json", **fields):
    data = data if isinstance(data, str | bytes) else json.dumps(data)
    return list(read_records(data.encode() if isinstance(data, str) else data, name, fields))


def told(pieces):
    return [(piece.name, piece.draft.text if piece.draft else piece.problem) for piece in pieces]


def lines(*records):
    return "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records)


# JSON


def test_a_list_gives_each_record_by_its_id_or_its_place():
    pieces = read([{"id": "a", "text": ONE}, {"text": TWO}])
    assert told(pieces) == [("a", ONE), ("record 2", TWO)]


@pytest.mark.parametrize("key", ["articles", "items", "entries", "data", "results", "posts", "@graph"])
def test_the_list_in_an_object_is_found(key):
    found = {
        "status": "ok",
        "tags": ["a", "b"],
        "authors": [{"name": "x"}],
        key: [{"text": ONE}, {"text": TWO}],
        "n": 2,
    }
    assert told(read(found)) == [("record 1", ONE), ("record 2", TWO)]


@pytest.mark.parametrize(
    "found",
    [
        {"response": {"status": "ok", "results": [{"text": ONE}]}},
        {"hits": {"total": 1, "hits": [{"_source": {"text": ONE}}]}},
        {"data": [{"type": "post", "attributes": {"body": ONE}}]},
        {"rows": [{"row_idx": 0, "row": {"text": ONE}}]},
    ],
)
def test_the_answers_of_sites_and_search_engines_are_read(found):
    assert told(read(found)) == [("record 1", ONE)]


def test_a_json_feed_is_read():
    item = {
        "id": "https://a.example/1",
        "title": "Oysters",
        "content_html": f"<p>{ONE}</p>",
        "date_published": "2024-02-08T10:00:00-08:00",
        "authors": [{"name": "Ines Calloway"}],
    }
    [piece] = read({"version": "https://jsonfeed.org/version/1.1", "title": "The Packet", "items": [item]})
    assert told([piece]) == [("https://a.example/1", ONE)]
    assert (piece.draft.title, piece.draft.author) == ("Oysters", "Ines Calloway")
    assert piece.draft.published.day == date(2024, 2, 8)


def test_an_object_that_is_an_article_is_the_file_itself_whatever_lists_it_has():
    assert told(read({"title": "Oysters", "text": ONE, "articles": [{"text": TWO}]})) == [("", ONE)]


def test_json_without_articles_is_none():
    for found in ([], {}, [1, 2], {"name": "x", "version": "1"}, [{"question": "?"}], {"items": [{"a": 1}]}, [[ONE]]):
        with pytest.raises(NotAnArticle, match=r"^no articles in it: no field that holds a text$"):
            read(found)


def test_an_element_that_is_broken_is_told_and_the_rest_go_on():
    pieces = read('[{"text": "One fell."}, {"text": }, 7, null, {"text": "Two rose."}]')
    assert told(pieces) == [
        ("record 1", "One fell."),
        ("record 2", "record 2 is not JSON"),
        ("record 3", "record 3 is no record"),
        ("record 4", "record 4 is no record"),
        ("record 5", "Two rose."),
    ]
    assert [piece.state for piece in pieces if piece.problem] == ["failed", "skipped", "skipped"]


def test_a_list_that_breaks_off_gives_what_came_before_and_then_says_so():
    pieces = read_records(b'[{"text": "One fell."}, {"text": "Two', "x.json", {})
    assert next(pieces).draft.text == "One fell."
    with pytest.raises(UnreadableSource, match="damaged JSON: it breaks off"):
        next(pieces)


def test_brackets_and_quotes_in_a_text_part_nothing():
    text = 'He said: "No ] more }, {please} [" \\ and \\" went'
    assert told(read([{"text": text}, {"text": ONE}])) == [("record 1", text), ("record 2", ONE)]


def test_of_two_keys_of_one_name_the_last_counts_as_in_any_json():
    assert told(read('[{"text": "One fell.", "text": "Two rose."}]')) == [("record 1", "Two rose.")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_other_encodings_are_read(encoding):
    text = "Das Café über der Mole schließt. " * 20
    data = json.dumps([{"text": text}], ensure_ascii=False).encode(encoding)
    assert told(read(data)) == [("record 1", text)]


def test_one_bad_byte_does_not_make_utf_8_another_encoding():
    data = json.dumps([{"text": "Das Café über der Mole schließt. " * 20}], ensure_ascii=False).encode()
    [piece] = read(data[:30] + b"\xff" + data[30:])
    assert piece.draft.text.count("\ufffd") == 1
    assert piece.draft.text.count("schließt") == 20


# A record a line


def test_a_bad_line_is_told_and_the_rest_go_on():
    pieces = read(lines({"text": ONE}, "", "{bad", "[1]", {"title": "no text"}, {"id": 9, "text": TWO}), "x.jsonl")
    assert told(pieces) == [
        ("line 1", ONE),
        ("line 3", "line 3 is not JSON"),
        ("line 4", "line 4 is no record"),
        ("line 5", "no text in it"),
        ("9", TWO),
    ]
    assert [piece.state for piece in pieces if piece.problem] == ["failed", "skipped", "skipped"]


def test_lines_and_lists_are_told_apart_by_what_they_are():
    assert told(read(lines({"text": ONE}, {"text": TWO}), "x.json")) == [("line 1", ONE), ("line 2", TWO)]
    assert told(read([{"text": ONE}], "x.jsonl")) == [("record 1", ONE)]


def test_a_file_of_one_line_holds_a_list_of_one():
    assert told(read(lines({"text": ONE}), "x.ndjson")) == [("line 1", ONE)]


def test_an_id_keeps_its_name_when_records_come_before_it():
    before = read(lines({"id": "a", "text": ONE}), "x.jsonl")
    after = read(lines({"id": "b", "text": TWO}, {"id": "a", "text": ONE}), "x.jsonl")
    assert (before[0].name, before[0].digest) == (after[1].name, after[1].digest)


def test_an_id_that_is_not_alone_gets_its_place():
    pieces = read(lines(*[{"id": "a", "text": ONE}] * 3), "x.jsonl")
    assert [piece.name for piece in pieces] == ["a", "a (line 2)", "a (line 3)"]


def test_the_digest_is_of_what_the_record_says_and_of_the_mapping():
    [one] = read('[{"text": "a b", "n": 1}]')
    [spaced] = read('[ {"n":1,"text":"a b"} ]')
    [other] = read('[{"text": "a b", "n": 2}]')
    [mapped] = read('[{"text": "a b", "n": 1}]', title="n")
    assert one.digest == spaced.digest
    assert len({one.digest, other.digest, mapped.digest}) == 3


# Mappings


def test_a_mapping_may_lead_further_in():
    pieces = read([{"a": {"body": ONE}, "metadata": {"when": "2024-02-08"}}], text="a.body", published="metadata.when")
    assert told(pieces) == [("record 1", ONE)]
    assert pieces[0].draft.published.day == date(2024, 2, 8)


def test_a_mapping_that_names_a_field_no_record_has_fails_the_file():
    with pytest.raises(UnreadableSource, match=r"^no record has the field 'bodytext' that the mapping names$"):
        read([{"text": ONE}, {"text": TWO}], text="bodytext")


def test_one_record_that_has_the_field_is_enough():
    assert told(read([{"text": ONE}, {"text": TWO, "by": "Ada Bell"}], author="by")) == [
        ("record 1", ONE),
        ("record 2", TWO),
    ]


def test_a_mapping_for_what_is_no_role_fails_the_file():
    with pytest.raises(UnreadableSource, match="the mapping names 'headline', which is none of: text, title, author"):
        read([{"text": ONE}], headline="title")


# Tables


def table(data, name="x.csv", **fields):
    return told(read(data, name, **fields))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_parts_the_fields_is_found_in_the_header(delimiter):
    assert table(f'id,title,text\na,"One, two; three",{ONE}\n'.replace(",", delimiter)) == [("a", ONE)]


def test_a_text_may_run_over_lines_and_the_place_is_where_the_record_begins():
    text = 'title,text\nA,"One fell.\n\nIt said ""no"", they say."\nB,Two rose.\n'
    assert table(text) == [("line 2", 'One fell.\n\nIt said "no", they say.'), ("line 5", "Two rose.")]


def test_the_mark_and_the_line_breaks_of_windows_are_no_text():
    assert table("\ufefftext,title\r\nOne fell.,A\r\n\r\nTwo rose.,B\r\n") == [
        ("line 2", "One fell."),
        ("line 4", "Two rose."),
    ]


def test_a_table_of_excel_is_read():
    text = "title;text\r\nCafé;“Über die Mole”, sagt er, “schließt” die Fähre für immer.\r\n" * 3
    first, second = table(("sep=;\r\n" + text).encode("cp1252"))[:2]
    assert first == ("line 3", "“Über die Mole”, sagt er, “schließt” die Fähre für immer.")
    assert second == ("line 4", "text")


def test_short_rows_lack_fields_and_long_ones_are_told():
    text = "text,title,author\nOne fell.\n,A\nTwo rose.,B,Ada Bell,,\nThree, they say, came, back\n"
    assert table(text) == [
        ("line 2", "One fell."),
        ("line 3", "no text in it"),
        ("line 4", "Two rose."),
        ("line 5", "line 5 has 4 fields, and the header 3"),
    ]


def test_a_quotation_mark_that_is_never_closed_is_told():
    assert table('title,text\nA,One fell.\nB,"Two rose.\nC,Three.\nD,Four.\n') == [
        ("line 2", "One fell."),
        ("line 3", "line 3 opens a quotation mark that is not closed"),
    ]


def test_of_two_columns_of_one_name_the_first_is_meant():
    assert table("text,text\nOne fell.,Two rose.\n") == [("line 2", "One fell.")]


def test_a_table_without_a_column_of_text_is_none():
    for text in ("N1\tnews\tA title\n", "a,b\n1,2\n", "\n\n", "title,text\n"):
        with pytest.raises(NotAnArticle, match="no articles in it"):
            read(text, "x.tsv")


def test_a_mapping_names_columns():
    assert table("a,b\nOne fell.,Oysters\n", text="a", title="b") == [("line 2", "One fell.")]


def test_a_field_of_ten_megabytes_is_no_fault_of_the_others():
    pieces = table('title,text\nA,"' + "word " * 2_000_000 + '"\nB,Two rose.\n')
    assert pieces == [("line 2", "longer than 5,000,000 characters"), ("line 3", "Two rose.")]


def test_a_field_without_end_fails_the_file():
    with pytest.raises(UnreadableSource, match=r"damaged table: field larger than field limit \(16000000\) \(line 3\)"):
        read('title,text\nA,One fell.\nB,"' + "word " * 4_000_000, "x.csv")


# Hostile ones


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.csv", "x.tsv"])
def test_bytes_that_are_no_text_are_none(name):
    for data in (b"PK\x03\x04" + bytes(100), bytes(1000), b"\x89PNG\r\n", random.Random(1).randbytes(5000)):
        with pytest.raises(NotAnArticle, match=r"not text|no articles"):
            read(data, name)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', "[["])
def test_nesting_without_end_is_refused(opening):
    with pytest.raises(UnreadableSource, match="refused, because it is nested more than 200 deep"):
        read(opening * 100_000)


def test_a_line_that_is_nested_too_deep_is_told():
    pieces = read(lines({"text": ONE}, '{"text":' + "[" * 100_000, '{"text":' * 100_000), "x.jsonl")
    assert [piece.problem for piece in pieces[1:]] == ["line 2 is nested too deep", "line 3 is nested too deep"]


def test_huge_numbers_nul_and_surrogates_harm_nothing():
    data = r'[{"text": "a\ud800 b\u0000 c", "id": "\udc00"}, {"text": "x", "n": 1e999, "published": NaN},'
    data += '{"text": "x", "n": ' + "9" * 5000 + "}]"
    assert told(read(data)) == [("record 1", "a\ufffd b c"), ("record 2", "x"), ("record 3", "record 3 is not JSON")]


def test_a_record_that_is_too_large_is_told(monkeypatch):
    monkeypatch.setattr(data_files, "MAX_RECORD", 2_000_000)
    for name, data in (("x.json", [{"text": "a" * 2_100_000}, {"text": ONE}]), ("x.jsonl", None)):
        data = data or lines({"text": "a" * 2_100_000}, {"text": ONE})
        assert read(data, name)[0].problem.endswith(" 1 is longer than 2 MB")


def test_records_without_number_are_not_read_to_the_end(monkeypatch):
    monkeypatch.setattr(data_files, "MAX_RECORDS", 2)
    pieces = read_records(lines(*[{"text": ONE}] * 3).encode(), "x.jsonl", {})
    assert [next(pieces).name, next(pieces).name] == ["line 1", "line 2"]
    with pytest.raises(UnreadableSource, match="it holds more than 2 records; the others were not read"):
        next(pieces)


def test_a_text_that_sends_a_parser_astray_is_told_and_the_rest_go_on():
    pieces = read([{"text": "<p>" + "<" * 3_000_001}, {"text": ONE}])
    assert told(pieces)[1] == ("record 2", ONE)
    assert pieces[0].problem.startswith("refused, because it has 3,00")


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.csv"])
def test_one_record_at_a_time_is_in_memory(name):
    text = "The council closed the oyster beds. " * 300
    records = [{"id": str(n), "title": "A", "text": text} for n in range(1000)]
    if name == "x.csv":
        data = "id,title,text\n" + "".join(f"{r['id']},A,{r['text']}\n" for r in records)
    else:
        data = json.dumps(records) if name == "x.json" else lines(*records)
    data = data.encode()
    list(read_records(data[: data.rindex(b"}", 0, 50_000) + 1] + b"]" if name == "x.json" else data[:50_000], name, {}))
    tracemalloc.start()
    count = sum(1 for _ in read_records(data, name, {}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1000
    assert peak < 3_000_000 < len(data)


@pytest.mark.parametrize("data", [b"[" + b"," * 3_000_000, b'"' * 3_000_000, b"[" + b'"' * 3_000_001, b"{" * 3_000_000,
                                  b'{"a":1,' * 500_000, b'["' + b"\\" * 3_000_000, b"\n" * 3_000_000])  # fmt: skip
def test_marks_without_end_take_no_time(data):
    start = time.process_time()
    for name in ("x.json", "x.jsonl", "x.csv"):
        try:
            read(data, name)
        except FootnoteError:
            continue
    assert time.process_time() - start < 20


SEEDS = {
    "x.json": json.dumps(
        {"items": [{"id": n, "title": "A", "text": f"<p>{ONE}</p>", "date": "2024-02-08"} for n in range(4)]}
    ),
    "x.jsonl": lines(*[{"id": n, "text": ONE, "authors": [{"name": "Ada Bell"}]} for n in range(4)]),
    "x.csv": 'id;title;text\n1;A;"One ""fell"".\nAnd rose."\n2;B;Two rose.\n',
}


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_bytes_give_pieces_or_a_reason(name):
    chance = random.Random(7)
    whole = 0
    for _ in range(400):
        data = bytearray(SEEDS[name].encode())
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice([0, 1, 1, 9])] = bytes(
                chance.choices(b'"{}[],:;\\\n\x00\xffa1<&', k=chance.randint(0, 4))
            )
        try:
            pieces = read(bytes(data), name)
        except FootnoteError:
            continue
        whole += 1
        named = [piece.name for piece in pieces]
        assert len(set(named)) == len(named)
        assert all((piece.draft is None) is bool(piece.problem) for piece in pieces)
        assert all(piece.problem != "damaged record" for piece in pieces)
    assert whole > 40


def test_names_are_never_alike():
    names = Names()
    assert [names.new("a", "line 1"), names.new("a", "line 2"), names.new("", "line 3")] == [
        "a",
        "a (line 2)",
        "line 3",
    ]
