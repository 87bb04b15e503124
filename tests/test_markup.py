import pytest

from index.errors import UnreadableSource
from index.sources.markup import MAX_MARKS, blocks, html_tree, page_tree, xml_tree


def texts(page):
    return [block.text for block in blocks(html_tree(page))]


def test_every_paragraph_and_loose_text_is_a_block():
    assert texts("<p>It <b>f</b>ell.</p>Loose\n words<div>In<p>and</p>after</div>") == [
        "It fell.", "Loose words", "In", "and", "after",
    ]  # fmt: skip


def test_a_heading_is_told():
    (heading, prose) = blocks(html_tree("<h2>The\n <i>wind</i></h2><p>It blew.</p>"))
    assert (heading.text, heading.heading, prose.heading) == ("The wind", True, False)


def test_a_line_ends_where_the_page_breaks_it():
    assert texts("<p>one<br/>two\nthree</p>") == ["one\ntwo three"]


def test_the_items_of_a_list_are_lines_of_one_block():
    assert texts("<ul><li>Heron<ol><li>fast</li></ol></li><li><p>Tern</p><p>too</p></li></ul>") == [
        "Heron\nfast\nTern too"
    ]


def test_the_rows_of_a_table_are_lines_of_one_block():
    table = (
        "<table><tr><th>boat</th><th>fare</th></tr><tr><td><ul><li>a</li><li>b</li></ul></td><td>2</td></tr></table>"
    )
    assert texts(table) == ["boat | fare\na b | 2"]


def test_a_table_that_lays_out_a_page_is_no_table():
    assert texts("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>") == ["One.", "Two."]
    assert texts("<table><tr><td>One.<table><tr><td>a<td>b</table></td></tr></table>") == ["One.", "a | b"]


def test_code_keeps_its_lines():
    assert texts("<pre>a\n  b\n</pre>") == ["a\n  b"]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>x</script>", "<style>x</style>", "<title>x</title>", "<p hidden>x</p>", "<!-- x -->",
        '<div style="display: none">x</div>', '<a epub:type="noteref">x</a>', '<a role="doc-noteref">x</a>',
    ],
)  # fmt: skip
def test_what_no_reader_sees_is_left_out(hidden):
    assert texts(f"<p>It{hidden} fell.</p>") in (["It fell."], ["It", "fell."])


def test_named_characters_of_html_are_known_in_xml():
    page = b"<html xmlns='http://www.w3.org/1999/xhtml'><p>a&mdash;b &eacute; &amp; &lt;</p></html>"
    assert [block.text for block in blocks(page_tree(page))] == ["a—b é & <"]


def test_a_page_that_is_not_well_formed_is_read_all_the_same():
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><p>Über<br>alles".encode()
    assert [block.text for block in blocks(page_tree(page))] == ["Über\nalles"]
    assert texts("") == texts("  ") == []


def test_entities_that_name_a_file_bring_nothing_in(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    page = f'<!DOCTYPE x [<!ENTITY x SYSTEM "{secret.as_uri()}">]><x><p>It fell. &x;</p></x>'.encode()
    assert [block.text for block in blocks(xml_tree(page))] == ["It fell."]


def test_entities_that_grow_without_end_are_refused():
    entities = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    bomb = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{entities}]><x><p>It fell. &j;</p></x>'.encode()
    with pytest.raises(UnreadableSource, match="damaged: a part of it is not XML"):
        xml_tree(bomb)


def test_what_is_no_xml_is_damaged():
    for data in (b"", b"The mole fell.", b"<a><b></a>", b"<a>" * 300 + b"</a>" * 300):
        with pytest.raises(UnreadableSource, match="damaged: a part of it is not XML"):
            xml_tree(data)


def test_too_much_of_it_is_refused_before_it_is_read():
    with pytest.raises(UnreadableSource, match=r"refused, because it has 3,000,001 tags"):
        xml_tree(b"<" * (MAX_MARKS + 1))
    with pytest.raises(UnreadableSource, match="refused, because a part of it is larger than 30 MB"):
        html_tree("a" * 30_000_001)


def test_elements_without_end_come_to_an_end():
    assert texts("<div><ul>" * 50_000 + "x") == []
