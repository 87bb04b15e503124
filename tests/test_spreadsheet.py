import pytest
from conftest import ARTICLE

from index.errors import FootnoteError, UsageError
from rag.evals.collection import Collection, Document, Place, Query
from rag.evals.formats import spreadsheet

GOLD = [{"doc_id": "d1", "text": "The mole fell in August.", "start": 0}, {"doc_id": "d2", "text": "May"}]
ALSO = [{"doc_id": "d2", "text": "August"}]
ABOUT = {
    "type": "news",
    "answerable": True,
    "answers": ["August", "=8"],
    "history": [{"role": "user", "text": "What is the mole?"}],
    "evidence": GOLD,
    "also": ALSO,
    "question_date": "2024-05-03",
    "mood": {"good": 1},
}
SET = Collection(
    [Document("d1", "Möle", ARTICLE, {"author": "Ada Quill"}), Document("d2", "", "=May, or\n'August;", {})],
    [
        Query("q1", '+When, "then"?', ABOUT, {"d1": 2, "d2": 1, "d3": 0}),
        Query("q2", "Who sang?", {"answerable": False}, {}),
    ],
)


@pytest.fixture
def folder(tmp_path):
    """An article for a spreadsheet to lie beside."""
    (tmp_path / "mole.md").write_text(ARTICLE, encoding="utf-8")
    return tmp_path


def sheet(folder, text):
    (folder / "questions.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_judged_set_is_the_same_there_and_back(tmp_path):
    documents = [*SET.documents, Document("d3", "", "Ferries.")]
    made = Collection(documents, SET.queries)
    assert spreadsheet.write(made, tmp_path / "out") == []
    found = spreadsheet.read(tmp_path / "out").collection
    assert list(found.documents) == documents
    assert found.queries == SET.queries


def test_a_question_and_a_quote_are_enough(folder):
    found = spreadsheet.read(sheet(folder, "question,document,quote\nWhen?,mole.md,fell in August\n")).collection
    (asked,) = found.queries
    assert (asked.id, asked.text, asked.relevance, asked.answerable) == ("1", "When?", {"mole.md": 1}, True)
    assert asked.places("evidence") == (Place("mole.md", "fell in August"),)
    assert found.articles == folder


def test_a_question_without_a_document_has_no_answer(folder):
    assert not spreadsheet.read(sheet(folder, "question\nWho sang?\n")).collection.queries[0].answerable


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separator_of_other_spreadsheets_is_seen(folder, separator):
    text = "Question,Source,Quote,Answers\nWhen?,mole.md,fell in August,August\n".replace(",", separator)
    (asked,) = spreadsheet.read(sheet(folder, "\ufeff" + text)).collection.queries
    assert (asked.relevance, asked.answers) == ({"mole.md": 1}, ("August",))


def test_the_columns_of_other_tools_are_known(folder):
    text = "user_input,reference,source,text\nWhen?,August,mole.md,fell in August\n"
    (asked,) = spreadsheet.read(sheet(folder, text)).collection.queries
    assert (asked.text, asked.answers, asked.relevance) == ("When?", ("August",), {"mole.md": 1})


def test_further_rows_of_a_question_are_further_places(folder):
    text = "id,question,document,quote,also\nq,When?,mole.md,August,\nq,,mole.md,May,yes\n"
    (asked,) = spreadsheet.read(sheet(folder, text)).collection.queries
    assert asked.places("evidence") == (Place("mole.md", "August"),)
    assert asked.places("also") == (Place("mole.md", "May"),)


def test_no_cell_is_a_formula(tmp_path):
    spreadsheet.write(Collection([], [Query("q", "=HYPERLINK(1)", {"answers": ["'@x"]})]), tmp_path / "out")
    cells = (tmp_path / "out" / "questions.csv").read_text(encoding="utf-8-sig").splitlines()[1].split(",")
    assert cells[1] == "'=HYPERLINK(1)"
    assert cells[4] == "''@x"


def test_what_csv_does_not_hold_is_told(tmp_path):
    history = [{"role": "user", "text": "What?"}, {"role": "assistant", "text": "A wall."}]
    made = Collection([], [Query("q", "When?", {"answers": ["In\nMay"], "history": history})])
    assert spreadsheet.write(made, tmp_path / "out") == [
        "CSV does not hold line breaks inside an answer or an earlier question: 1.",
        "CSV does not hold the answers given before: 1 question.",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("query id,why\n1,2\n", "questions.csv line 1: there is no column 'question' among ['query id', 'why']"),
        ("question\nWhy?\nWhy,then?\n", "questions.csv line 3: there are 2 cells under 1 headings"),
        ("id,question\nq,\n", "questions.csv line 2: 'question' is empty"),
        ("question,document\nWhy?,gone.md\n", "questions.csv line 2: there is no document 'gone.md'"),
        (
            "question,document,quote\nWhen?,mole.md,fell in March\n",
            "questions.csv line 2: the quote 'fell in March' does not stand in mole.md",
        ),
        (
            "question,document,start\nWhen?,mole.md,x\n",
            "questions.csv line 2: start 'x' and grade '1' are not whole numbers",
        ),
        ('question,notes\nWhen?,"[1]"\n', "questions.csv line 2: 'notes' is not a JSON object"),
        ('question\n"When?\n', "questions.csv line 2: this is not CSV (unexpected end of data)"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named_by_its_line(folder, text, complaint):
    with pytest.raises(FootnoteError) as told:
        spreadsheet.read(sheet(folder, text))
    assert str(told.value) == complaint


def test_a_document_without_an_id_is_named_by_its_line(tmp_path):
    (tmp_path / "documents.csv").write_text("id,title,text\nd1,,a\nd1,,b\n", encoding="utf-8")
    with pytest.raises(FootnoteError, match=r"documents\.csv line 3: the id 'd1' is empty or stands there twice"):
        spreadsheet.read(sheet(tmp_path, "question\nWhy?\n"))


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"questions\.csv cannot be read"):
        spreadsheet.read(tmp_path)


def test_a_carriage_return_comes_back(tmp_path):
    history = [{"role": "user", "text": "What\rnow?"}]
    documents = [Document("d1", "Mole", "It fell\rin August.\r\nIt was rebuilt.")]
    asked = Query("q", "When\rdid it?", {"answers": ["In\r\nMay"], "history": history, "note": "a\rb"}, {"d1": 1})
    notes = spreadsheet.write(Collection(documents, [asked]), tmp_path / "out")
    assert notes == ["CSV does not hold line breaks inside an answer or an earlier question: 2."]
    found = spreadsheet.read(tmp_path / "out").collection
    (back,) = found.queries
    assert list(found.documents) == documents
    assert (back.text, back.answers, back.earlier) == ("When\rdid it?", ("In May",), ("What now?",))
    assert back.metadata["note"] == "a\rb"
