from rag.evals.journal import JOURNALS, Journal, journal_in


def test_a_row_that_was_added_is_there_for_the_next_run(tmp_path):
    journal_in(tmp_path, {"set": "a"}).add("q1", {"text": "Where?\u2028Here."})
    assert journal_in(tmp_path, {"set": "a"}).get("q1") == {"text": "Where?\u2028Here."}
    assert journal_in(tmp_path, {"set": "a"}).get("q2") is None


def test_what_depends_on_something_else_has_another_journal(tmp_path):
    journal_in(tmp_path, {"set": "a"}).add("q1", {})
    assert journal_in(tmp_path, {"set": "b"}).get("q1") is None


def test_a_fresh_journal_is_empty(tmp_path):
    journal_in(tmp_path, {}).add("q1", {})
    assert journal_in(tmp_path, {}, fresh=True).get("q1") is None


def test_a_line_that_was_cut_off_is_written_again(tmp_path):
    for name in ("q1", "q2"):
        journal_in(tmp_path, {}).add(name, {"n": name})
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for cut in range(whole.index(b"\n") + 1, len(whole)):
        file.write_bytes(whole[:cut])
        journal = Journal(file)
        assert (journal.get("q1"), journal.get("q2")) == ({"n": "q1"}, None)
        journal.add("q2", {"n": "q2"})
        assert file.read_bytes() == whole


def test_a_line_that_is_not_what_was_written_is_not_read(tmp_path):
    for name in ("q1", "q2"):
        journal_in(tmp_path, {}).add(name, {"n": 1})
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for at in range(whole.index(b"\n") - 1):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert (Journal(file).get("q1"), Journal(file).get("q2")) == (None, {"n": 1})


def test_without_a_file_nothing_is_kept():
    journal = Journal(None)
    journal.add("q1", {})
    assert journal.get("q1") is None


def test_only_the_latest_journals_are_kept(tmp_path):
    for n in range(JOURNALS + 3):
        journal_in(tmp_path, {"n": n}).add("q", {})
    assert len(list(tmp_path.iterdir())) == JOURNALS
    assert journal_in(tmp_path, {"n": JOURNALS + 2}).get("q") == {}


def test_where_nothing_can_be_written_a_run_goes_on_without(tmp_path):
    (tmp_path / "file").write_text("")
    journal = journal_in(tmp_path / "file" / "evals", {})
    journal.add("q1", {})
    journal.add("q2", {})
    assert journal_in(tmp_path / "file" / "evals", {}).get("q1") is None
