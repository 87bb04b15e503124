import pytest

from index.errors import FootnoteError
from rag import prompts


@pytest.mark.parametrize("name", [file.stem for file in prompts.FOLDER.glob("*.txt")])
def test_each_prompt_has_its_values_put_in(name):
    prompt = prompts.load(name)
    filled = prompt.filled(**dict.fromkeys(prompt.names, "a $value with ${signs}"))
    assert filled.count("a $value with ${signs}") >= len(prompt.names) > 0


def test_each_prompt_is_named_in_the_table_of_prompts():
    table = (prompts.FOLDER / "README.md").read_text()
    assert all(f"`{file.name}`" in table for file in prompts.FOLDER.glob("*.txt"))


@pytest.mark.parametrize("values", [{}, {"day": "x", "more": "y"}])
def test_a_value_that_is_missing_or_too_many_is_a_mistake(values):
    with pytest.raises(ValueError, match=r"needs \['day'\]"):
        prompts.Prompt("p", "On $day.").filled(**values)


def test_another_text_has_another_digest():
    one, other = prompts.Prompt("p", "On $day."), prompts.Prompt("p", "On $day")
    assert prompts.digest(one) == prompts.digest(one) != prompts.digest(other)
    assert prompts.digest(one, other) != prompts.digest(other, one)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\xff", "cannot be read"), (b"5 $ each", "without a name")]
)
def test_a_file_that_is_no_prompt_is_one_sentence(tmp_path, content, said):
    if content is not None:
        (tmp_path / "answer.txt").write_bytes(content)
    with pytest.raises(FootnoteError, match=said):
        prompts.load("answer", tmp_path)
