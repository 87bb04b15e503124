from dataclasses import replace
from html import unescape

import pytest
from scripted_page import RIVER

from page.originals import file_of, fragment, headers_of, original_html, original_of


def test_a_short_quote_is_found_whole_and_a_long_one_by_its_ends():
    assert fragment("The well-known\n gauge") == "#:~:text=The%20well%2Dknown%20gauge"
    words = [f"w{n}" for n in range(30)]
    ends = ["%20".join(words[:6]), "%20".join(words[-6:])]
    assert fragment(" ".join(words)) == "#:~:text=" + ",".join(ends)
    assert fragment(" ") == ""


def test_marks_of_an_address_in_a_quote_stay_words():
    assert fragment("a,b&c-d#e") == "#:~:text=a%2Cb%26c%2Dd%23e"


def test_a_file_that_is_there_is_opened_on_the_page(tmp_path):
    there = tmp_path / "a.pdf"
    there.write_bytes(b"%PDF")
    article = replace(RIVER, source=str(there))
    assert original_of(article) == f"/originals/{article.id}"
    assert f"originals&#47;{article.id}&#35;page&#61;3" in original_html(article, "x", 3)


@pytest.mark.parametrize(
    ("source", "url", "address"),
    [
        ("https://a.example/x", None, "https://a.example/x"),
        ("/gone/a.md", "http://b.example", "http://b.example"),
        ("/gone/a.md", "javascript:alert(1)", ""),
        ("javascript:alert(1)", None, ""),
        ("data:text/html,x", "file:///etc/passwd", ""),
        ("/gone\x00.md", None, ""),
        ("http://[x/y", "http://[x", ""),
        ("https://", None, ""),
        ("/gone/" + "x" * 5_000, None, ""),
    ],
)
def test_only_the_web_is_opened_elsewhere(source, url, address):
    assert original_of(replace(RIVER, source=source, url=url)) == address


def test_what_could_run_anything_is_saved_and_not_shown():
    assert headers_of("/a/x.svg")["content-disposition"].startswith("attachment")
    assert headers_of("/a/x.xhtml")["content-type"] == "application/octet-stream"
    page = headers_of("/a/x.HTML")
    assert page["content-disposition"] == "inline"
    assert "sandbox" in page["content-security-policy"]
    assert "allow-" not in page["content-security-policy"]


def test_a_name_cannot_end_the_header_it_stands_in():
    said = headers_of('/a/x"\r\nset-cookie: a=b.docx')["content-disposition"]
    assert not set('\r\n"') & set(said)


def test_an_anchor_makes_room_for_the_quote():
    drawn = unescape(original_html(replace(RIVER, source="https://a.example/b#part", url=None), "The gauge", None))
    assert "https://a.example/b#:~:text=The%20gauge" in drawn


def test_no_file_outside_of_what_is_followed_is_sent_whatever_links_there_are(tmp_path):
    followed, secret = tmp_path / "followed", tmp_path / "secret.txt"
    followed.mkdir()
    secret.write_text("TOP SECRET")
    inside, link, deep = followed / "a.md", followed / "b.md", followed / "deep"
    inside.write_text("Words")
    link.symlink_to(secret)
    deep.symlink_to(tmp_path)
    sent = [
        file_of(replace(RIVER, source=str(f)), [str(followed)]) for f in (inside, link, deep / "secret.txt", secret)
    ]
    assert sent == [inside.resolve(), None, None, None]
    assert file_of(replace(RIVER, source=str(inside)), [str(inside), "https://a.example"]) == inside.resolve()
    assert file_of(replace(RIVER, source=str(inside)), []) is None


def test_a_folder_that_is_itself_reached_by_a_link_is_followed_as_it_is(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.md").write_text("Words")
    (tmp_path / "named").symlink_to(tmp_path / "real")
    article = replace(RIVER, source=str(tmp_path / "named" / "a.md"))
    assert file_of(article, [str(tmp_path / "named")]) == (tmp_path / "real" / "a.md").resolve()
