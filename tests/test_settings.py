from pathlib import Path

import pytest

from index.errors import UsageError
from index.server import Server
from index.settings import IndexSettings, load_settings


@pytest.fixture
def file(tmp_path):
    return tmp_path / "footnote.toml"


def test_without_a_file_the_defaults_hold(file):
    assert load_settings({}, file) == IndexSettings()
    assert IndexSettings().store == Path(".footnote")


def test_the_file_goes_before_the_defaults_and_the_environment_before_the_file(file):
    file.write_text('[index]\nstore = "shelf"\nmodel = "local"\nprecision = "float32"\n')
    assert load_settings({}, file) == IndexSettings(Path("shelf"), "local", "float32")
    environment = {"FOOTNOTE_STORE": "attic", "FOOTNOTE_MODEL": "other"}
    assert load_settings(environment, file) == IndexSettings(Path("attic"), "other", "float32")


def test_a_server_may_hold_the_segments(file):
    assert load_settings({}, file).server is None
    file.write_text('[index]\nchroma = "http://127.0.0.1:8000"\n')
    assert load_settings({}, file).server == Server("http://127.0.0.1:8000")
    assert load_settings({"FOOTNOTE_CHROMA": "http://127.0.0.1:9000"}, file).server.address == "http://127.0.0.1:9000"
    with pytest.raises(UsageError, match="chroma is 'oops', no address"):
        _ = load_settings({"FOOTNOTE_CHROMA": "oops"}, file).server


def test_passages_may_be_made_smaller(file):
    file.write_text("[index]\npassage_tokens = 128\n")
    assert load_settings({}, file).passage_tokens == 128


def test_a_cluster_is_named_by_the_file_or_the_environment(file):
    assert load_settings({}, file).outside.ray == ""
    file.write_text('[index]\nray = "auto"\n')
    assert load_settings({}, file).outside.ray == "auto"
    assert load_settings({"FOOTNOTE_RAY": "ray://host:10001"}, file).outside.ray == "ray://host:10001"


def test_what_is_set_for_questions_is_no_matter_of_the_index(file):
    file.write_text("[ask]\ndepth = 50\n")
    assert load_settings({}, file) == IndexSettings()


def test_an_empty_variable_says_nothing(file):
    assert load_settings({"FOOTNOTE_STORE": ""}, file) == IndexSettings()


def test_a_store_may_be_in_the_home_folder(file):
    assert load_settings({"FOOTNOTE_STORE": "~/notes"}, file).store == Path.home() / "notes"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[index]\nmodle = 'x'\n", "there is no setting 'modle' in \\[index\\]"),
        ("[index]\nstore = 3\n", "store is 3, not a text"),
        ("[index]\npassage_tokens = '128'\n", "passage_tokens is '128', not a whole number"),
        ("[index]\npassage_tokens = true\n", "passage_tokens is True, not a whole number"),
        ("[index]\nnetworks = 'x'\n", "networks is 'x', not a list of texts"),
        ("index = 3\n", "index is not a section"),
        ("store = 'x'\n", "there is no 'store' outside of \\[index\\], \\[ask\\], \\[write\\] and \\[conv"),
        ("[indx]\nstore = 'x'\n", "there is no 'indx' outside of \\[index\\], \\[ask\\], \\[write\\] and \\[conv"),
        ("[index\n", "cannot be read: "),
    ],
)
def test_a_mistake_in_the_file_is_named(file, text, complaint):
    file.write_text(text)
    with pytest.raises(UsageError, match=f"footnote.toml:? {complaint}") as caught:
        load_settings({}, file)
    assert caught.value.hint
