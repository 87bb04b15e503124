import pytest
from conftest import write_lines

from index.errors import FootnoteError, UsageError
from rag.evals.jsonl import lines, records


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{not json", "q.jsonl line 2: this is not JSON"),
        ("[1]", "q.jsonl line 2: this is not a JSON object"),
        ("{}", "q.jsonl line 2: 'id' is missing"),
        ('{"id": 7}', "q.jsonl line 2: 'id' is not a text: 7"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path, line, complaint):
    file = write_lines(tmp_path / "q.jsonl", {"id": "q1"})
    file.write_text(file.read_text() + line)
    with pytest.raises(FootnoteError) as caught:
        [record.value("id", str) for record in records(file)]
    assert str(caught.value).startswith(complaint)


def test_a_part_of_a_line_is_named_by_where_it_lies(tmp_path):
    (record,) = records(write_lines(tmp_path / "q.jsonl", {"gold": [{}, {"about": {}}]}))
    part = record.records("gold")[1].record("about")
    with pytest.raises(FootnoteError, match=r"q\.jsonl line 1, gold 2, about: 'text' is missing"):
        part.value("text", str)


def test_offsets_count_bytes(tmp_path):
    file = write_lines(tmp_path / "q.jsonl", {"a": "ö"}, {"b": 1})
    # {"a": "ö"} is 10 characters, of which ö is two bytes; with the line's end, 12 bytes.
    assert [(line.offset, line.data) for line in lines(file)] == [(0, '{"a": "ö"}\n'.encode()), (12, b'{"b": 1}\n')]


def test_blank_lines_are_passed_over_and_counted(tmp_path):
    (tmp_path / "q.jsonl").write_text('\n{"a": 1}\n  \n{"b": 2}')
    found = list(lines(tmp_path / "q.jsonl"))
    assert [(line.where, line.offset) for line in found] == [("q.jsonl line 2", 1), ("q.jsonl line 4", 13)]
    assert [record.values for record in records(tmp_path / "q.jsonl")] == [{"a": 1}, {"b": 2}]


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"q\.jsonl cannot be read"):
        list(lines(tmp_path / "q.jsonl"))
