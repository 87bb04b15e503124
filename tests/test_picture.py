import xml.etree.ElementTree as ElementTree

import pytest
from test_table import given, result  # noqa: F401 - a fixture

from benchmarks.peers.picture import panels, svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn(given):  # noqa: F811
    def of(*results):
        return ElementTree.fromstring(svg(given, results))

    return of


def test_each_panel_has_a_bar_for_each_system(drawn, given):  # noqa: F811
    bars = drawn(result("footnote"), result("langchain"), result("txtai")).findall(f"{SVG}rect")
    assert len(bars) == 3 * len(panels(given))
    assert [bar.get("class") == "own" for bar in bars] == [True, False, False] * len(panels(given))


def test_a_bar_is_as_long_as_its_number(drawn):
    bars = drawn(result("footnote", indexed=5.0), result("langchain")).findall(f"{SVG}rect")
    fast, slow = (float(bar.get("width")) for bar in bars[2:4])
    assert fast == pytest.approx(2 * slow, rel=0.01)


def test_each_number_stands_beside_its_bar_with_its_ratio(drawn):
    said = [text.text for text in drawn(result("footnote", indexed=5.0), result("langchain")).iter(f"{SVG}text")]
    assert {"20 (2.00×)", "10"} <= set(said)


def test_all_that_is_drawn_lies_within_the_picture(drawn):
    picture = drawn(*(result(name) for name in ("footnote", "langchain", "llama_index", "haystack", "txtai")))
    wide, high = (float(number) for number in picture.get("viewBox").split()[2:])
    for bar in picture.findall(f"{SVG}rect"):
        assert 0 <= float(bar.get("x")) <= float(bar.get("x")) + float(bar.get("width")) < wide
        assert 0 <= float(bar.get("y")) <= float(bar.get("y")) + float(bar.get("height")) < high


def test_those_who_do_not_see_it_are_told_all_numbers(drawn):
    told = drawn(result("footnote", indexed=5.0), result("langchain")).find(f"{SVG}desc").text
    assert "characters indexed (thousands a second, more is better): Footnote 20, plain recipe 10" in told


def test_it_reads_in_light_and_dark_and_asks_for_nothing(drawn, given):  # noqa: F811
    said = svg(given, [result("footnote")])
    assert "prefers-color-scheme:dark" in said
    assert said.count("http") == 1  # the name of SVG


def test_names_are_escaped(drawn):
    assert "a<b" in [text.text for text in drawn(result("a<b")).iter(f"{SVG}text")]
