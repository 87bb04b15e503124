import json

import pytest

from index.errors import FootnoteError, UsageError
from training.examples import load_folder, load_folders, plain, sample, split, typical


def write(folder, passages, questions):
    folder.mkdir(parents=True)
    rows = [{"_id": key, "title": title, "text": text, "metadata": {}} for key, title, text in passages]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)))
    return folder


def question(key, text, document, answers=(), start=None):
    evidence = [{"doc_id": document, "text": "", "answer_start": start}] if answers else []
    about = {"answers": list(answers), "answerable": bool(answers), "evidence": evidence, "near_doc": document}
    return {"_id": key, "text": text, "metadata": about}


TOWN = ("a#0", "Port Ada", "Port Ada has a ferry. The ferry sails at 9. Until 1999 it sailed at 7.")


def test_an_answer_is_where_the_set_says_it_stands(tmp_path):
    questions = [question("q", "What sails at 9?", "a#0", ["ferry"], TOWN[2].index("ferry sails"))]
    found = load_folder(write(tmp_path / "s", [TOWN], questions)).asked[0]
    assert TOWN[2][found.start :].startswith("ferry sails")


def test_a_question_without_an_answer_is_asked_of_the_passage_it_was_written_against(tmp_path):
    found = load_folder(write(tmp_path / "s", [TOWN], [question("q", "What flies at 9?", "a#0")])).asked[0]
    assert (found.passage.id, found.start, plain(found).answer) == ("a#0", None, None)


def test_an_answer_that_its_passage_does_not_have_is_named(tmp_path):
    folder = write(tmp_path / "s", [TOWN], [question("q", "What sails?", "a#0", ["a kite"], 3)])
    with pytest.raises(FootnoteError, match=r"queries\.jsonl line 1.*a#0"):
        load_folder(folder)


def test_a_folder_without_sets_is_told(tmp_path):
    with pytest.raises(UsageError, match="holds no question set"):
        load_folders(tmp_path)


def test_of_several_answers_the_one_is_taken_that_agrees_best_with_the_others():
    text = "in the late summer of 1990"
    assert typical(text, [(0, 26), (7, 18), (7, 26)]) == (7, 26)


def test_of_two_answers_the_shorter_is_taken():
    assert typical("a ferry to the island", [(0, 21), (2, 7)]) == (2, 7)


def test_an_article_is_held_out_whole_and_each_time_the_same(tmp_path):
    passages = [(f"{a}#{n}", f"Article {a}", "It rains.") for a in range(40) for n in range(3)]
    asked = [question(f"q{key}", "What does it?", key, ["rains"], 3) for key, _, _ in passages]
    folder = load_folder(write(tmp_path / "s", passages, asked))
    trained, held = split(folder)
    assert held
    assert not {a.passage.article for a in trained} & {a.passage.article for a in held}
    assert split(folder) == (trained, held)


def test_a_sample_of_fewer_is_part_of_a_sample_of_more(tmp_path):
    asked = load_folder(write(tmp_path / "s", [TOWN], [question(f"q{n}", "What?", "a#0") for n in range(9)])).asked
    assert sample(asked, 6)[:3] == sample(asked, 3)


def test_the_title_stands_on_a_line_before_the_passage(tmp_path):
    found = load_folder(write(tmp_path / "s", [TOWN], [question("q", "What flies?", "a#0")])).asked[0]
    assert plain(found).context == f"Port Ada\n{TOWN[2]}"
