import json

import pytest

from index.errors import FootnoteError, UsageError
from rag.evals.collection import Collection, Document, Place, Query
from rag.evals.formats import squad, squad1

CONTEXT = "The mole fell in August. It was rebuilt by May."  # "August" at 17, "May" at 43
AUGUST = {"text": "August", "answer_start": 17}
FELL = {
    "question": "When did it fall?",
    "id": "q1",
    "answers": [AUGUST, AUGUST, {"text": "in August", "answer_start": 14}],
}
SANG = {"question": "Who sang?", "id": "q2", "answers": []}
NEAR = [{"text": "May", "answer_start": 43}]


def file(path, version, *qas, context=CONTEXT):
    paragraphs = [{"qas": list(qas), "context": context}, {"qas": [], "context": "Ferries."}]
    values = {"version": version, "data": [{"title": "Mole", "paragraphs": paragraphs}]}
    path.write_text(json.dumps(values, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_a_paragraph_is_a_document_and_its_answers_are_gold(tmp_path):
    found = squad.read(file(tmp_path / "dev.json", "1.1", FELL)).collection
    assert list(found.documents) == [Document("Mole#0", "Mole", CONTEXT), Document("Mole#1", "Mole", "Ferries.")]
    (asked,) = found.queries
    assert (asked.relevance, asked.answers) == ({"Mole#0": 1}, ("August", "August", "in August"))
    assert asked.places("evidence") == (Place("Mole#0", "August", 17),)
    assert asked.places("also") == (Place("Mole#0", "August", 17), Place("Mole#0", "in August", 14))


def test_squad_2_is_the_same_there_and_back(tmp_path):
    impossible = {"plausible_answers": NEAR, **SANG, "is_impossible": True}
    made = file(tmp_path / "dev.json", "v2.0", FELL | {"is_impossible": False}, impossible)
    assert squad.write(squad.read(made).collection, tmp_path / "again.json") == []
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(made.read_text())


def test_squad_1_is_the_same_there_and_back_byte_for_byte(tmp_path):
    made = file(tmp_path / "dev.json", "1.1", FELL)
    assert squad1.write(squad1.read(made).collection, tmp_path / "again.json") == []
    assert (tmp_path / "again.json").read_bytes() == made.read_bytes()


def test_squad_1_has_no_questions_without_an_answer(tmp_path):
    found = squad.read(
        file(tmp_path / "dev.json", "v2.0", FELL | {"is_impossible": False}, SANG | {"is_impossible": True})
    )
    assert squad1.write(found.collection, tmp_path / "again.json") == ["1 question without an answer left out."]
    assert json.loads((tmp_path / "again.json").read_text())["data"][0]["paragraphs"][0]["qas"] == [FELL]


ONE = (Document("Mole#0", "Mole", CONTEXT),)


def exported(tmp_path, *queries, documents=ONE):
    notes = squad.write(Collection(list(documents), list(queries)), tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text())["data"]
    return [qa for article in data for paragraph in article["paragraphs"] for qa in paragraph["qas"]], notes


def test_an_answer_is_looked_for_where_the_gold_stands(tmp_path):
    gold = [{"doc_id": "Mole#0", "text": "The mole fell in August.", "start": 0}]
    asked = Query("q", "When?", {"answers": ["august"], "evidence": gold}, {"Mole#0": 1})
    ((qa,), _) = exported(tmp_path, asked)
    assert qa["answers"] == [AUGUST]


def test_gold_that_does_not_hold_the_answer_text_is_the_answer_itself(tmp_path):
    gold = [{"doc_id": "Mole#0", "text": "The mole fell in August."}]
    asked = Query("q", "When?", {"answers": ["the eighth month"], "evidence": gold}, {"Mole#0": 1})
    ((qa,), _) = exported(tmp_path, asked)
    assert qa["answers"] == [{"text": "The mole fell in August.", "answer_start": 0}]


def test_an_answer_that_stands_nowhere_is_left_out_and_told(tmp_path):
    asked = Query("q", "When?", {"answers": ["the eighth month"]}, {"Mole#0": 1})
    qas, notes = exported(tmp_path, asked)
    assert qas == []
    assert notes == ["1 question left out: no answer stands in a relevant document."]


def test_a_question_without_an_answer_and_without_a_paragraph_has_an_empty_one(tmp_path):
    asked = Query("q", "Who sang?", {"answerable": False})
    qas, _ = exported(tmp_path, asked)
    assert qas == [{"question": "Who sang?", "id": "q", "answers": [], "is_impossible": True}]
    assert [one.id for one in squad.read(tmp_path / "out.json").collection.documents] == ["Mole#0"]


def test_what_squad_does_not_hold_is_told(tmp_path):
    gold = [{"doc_id": "a", "text": "May", "start": 43}]
    about = {"answers": ["May"], "evidence": gold, "question_date": "2024-05-03", "mood": "good"}
    documents = (Document("a", "Mole", CONTEXT, {"author": "Ada Quill"}), Document("b", "Mole", "May."))
    assert exported(tmp_path, Query("q", "When?", about, {"a": 2, "b": 1}), documents=documents)[1] == [
        "SQuAD does not hold ids of documents: 2 are told by title and number.",
        "SQuAD does not hold authors, dates and addresses: 1 documents lose them.",
        "SQuAD does not hold more than one document for a question: 1 question.",
        "SQuAD does not hold the day of a question: 1 question.",
        "SQuAD does not hold grades of relevance: 1 question.",
        "SQuAD does not hold other notes on questions: 1 question.",
    ]


@pytest.mark.parametrize(
    ("qa", "complaint"),
    [
        (
            FELL | {"answers": [AUGUST | {"answer_start": 18}]},
            "data 1, paragraphs 1, qas 1, answers 1: 'August' does not stand at 18",
        ),
        (FELL | {"id": None}, "data 1, paragraphs 1, qas 1: 'id' is missing"),
        (SANG, "data 1, paragraphs 1, qas 1: 'answers' and 'is_impossible' do not go together"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(tmp_path, qa, complaint):
    with pytest.raises(FootnoteError, match=f"dev.json, {complaint}"):
        squad.read(file(tmp_path / "dev.json", "1.1", qa))


def test_a_file_that_is_not_json_is_named_with_the_line(tmp_path):
    (tmp_path / "dev.json").write_text('{\n"data": [\n', encoding="utf-8")
    with pytest.raises(FootnoteError, match=r"dev\.json: this is not JSON \(.*line 3"):
        squad.read(tmp_path / "dev.json")
    with pytest.raises(UsageError, match="cannot be read"):
        squad.read(tmp_path / "none.json")
