import numpy as np
import pytest

from rag.evals.memory import Memory, remembering


@pytest.fixture
def remembered(embedder, tmp_path):
    """An embedder with the memory of a run, and a new one over the same file at each call."""
    return lambda precision="float32": remembering(embedder, precision, tmp_path)


def test_a_question_is_given_to_the_model_once(remembered, embedder):
    first = remembered().embed_question("When?")
    again = remembered().embed_question("When?")
    assert embedder.asked == ["When?"]
    assert (again == first).all()
    assert again.dtype == np.float32


def test_it_says_whether_an_earlier_run_knew_the_question(remembered):
    run = remembered()
    run.embed_question("When?")
    run.embed_question("When?")
    assert not run.known
    later = remembered()
    later.embed_question("When?")
    assert later.known
    later.embed_question("Where?")
    assert not later.known


def test_another_model_and_another_precision_know_nothing_of_it(remembered, embedder):
    remembered().embed_question("When?")
    remembered("bfloat16").embed_question("When?")
    embedder.name = "others"
    remembered().embed_question("When?")
    assert embedder.asked == ["When?"] * 3


def test_what_is_rehearsed_is_not_kept(remembered, embedder):
    run = remembered()
    with run.rehearsing():
        run.embed_question("When?")
    run.embed_question("When?")
    assert embedder.asked == ["When?"] * 2
    assert not run.known


def test_in_everything_else_it_is_the_embedder(remembered, embedder):
    assert (remembered().name, remembered().dimension) == ("words", 64)
    assert (remembered().embed(["A text."]) == embedder.embed(["A text."])).all()


def test_a_record_that_was_cut_off_is_written_again(tmp_path):
    file, vectors = tmp_path / "v", np.eye(2, dtype=np.float32)
    for text, vector in zip("ab", vectors, strict=True):
        Memory(file).add(text, vector)
    whole = file.read_bytes()
    for cut in range(len(whole) - 27, len(whole)):  # a record is 16 + 2 * 4 + 4 bytes
        file.write_bytes(whole[:cut])
        memory = Memory(file)
        assert (memory.get("a") == vectors[0]).all()
        assert memory.get("b") is None
        memory.add("b", vectors[1])
        assert file.read_bytes() == whole


@pytest.mark.parametrize("damage", [b"", b"footnote", b"something else altogether, and long", b"footnote questions\n"])
def test_a_damaged_file_is_begun_again(tmp_path, damage):
    file = tmp_path / "v"
    file.write_bytes(damage)
    memory = Memory(file)
    assert memory.get("a") is None
    memory.add("a", np.ones(1, dtype=np.float32))
    assert (Memory(file).get("a") == [1]).all()


def test_where_nothing_can_be_written_a_vector_is_kept_for_this_run(embedder, tmp_path):
    (tmp_path / "file").write_text("")
    run = remembering(embedder, "float32", tmp_path / "file" / "evals")
    assert (run.embed_question("When?") == run.embed_question("When?")).all()
    assert embedder.asked == ["When?"]


def test_a_vector_that_is_not_what_was_stored_is_not_read(tmp_path):
    file = tmp_path / "v"
    for text in "ab":
        Memory(file).add(text, np.ones(2, dtype=np.float32))
    whole = file.read_bytes()
    for at in range(len(whole) - 28, len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert Memory(file).get("a") is not None
        assert Memory(file).get("b") is None
