import json

import pytest

from index.errors import UnreadableSource
from index.sources.feeds import MAX_BYTES, MAX_ENTRIES, MAX_LINE, Entry, moment_of, read_feed

AT = "https://packet.example/news/feed.xml"


def rss(*items, version="2.0"):
    return f'<?xml version="1.0"?><rss version="{version}"><channel>{"".join(items)}</channel></rss>'.encode()


def item(**fields):
    said = {"title": "The mole fell", "link": "https://packet.example/mole"} | fields
    return "<item>" + "".join(f"<{name}>{text}</{name}>" for name, text in said.items()) + "</item>"


def atom(entry):
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{entry}</entry></feed>'.encode()


def only(data, content_type=""):
    (entry,) = read_feed(data, AT, content_type)
    return entry


def test_rss_tells_address_title_author_date_and_guid():
    said = item(author="desk@packet.example (Ines Calloway)", pubDate="Tue, 27 Aug 2024 23:30:00 -0800", guid="mole-1")
    assert only(rss(said)) == Entry(
        "https://packet.example/mole",
        "The mole fell",
        "Ines Calloway",
        "2024-08-27T23:30:00-08:00",
        guid="mole-1",
    )


def test_atom_tells_the_day_of_a_change_apart_from_that_of_publication():
    entry = only(
        atom(
            '<title>The mole fell</title><link href="https://packet.example/mole"/><id>urn:mole</id>'
            "<published>2024-08-27T05:45:00+01:00</published><updated>2024-08-30T09:00:00Z</updated>"
            "<author><name>Ines Calloway</name></author><author><name>Ada Quill</name></author>"
        )
    )
    assert entry.published == "2024-08-27T05:45:00+01:00"
    assert entry.updated == entry.stamp == "2024-08-30T09:00:00+00:00"
    assert entry.author == "Ines Calloway, Ada Quill"


def test_the_day_of_a_change_is_no_day_of_publication():
    entry = only(atom('<link href="https://packet.example/mole"/><updated>2024-08-30T09:00:00Z</updated>'))
    assert (entry.published, entry.updated) == ("", "2024-08-30T09:00:00+00:00")


def test_the_date_that_rss_1_borrows_is_that_of_publication():
    feed = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="https://packet.example/mole"><title>Mole</title><link>https://packet.example/mole</link><dc:date>2024-08-27</dc:date></item></rdf:RDF>"""
    assert only(feed).published == "2024-08-27T00:00:00"


def test_a_json_feed_tells_the_same():
    said = {
        "id": "1",
        "url": "/mole",
        "title": "The mole fell",
        "content_html": "<p>At dawn.</p>",
        "date_published": "2024-08-27T05:45:00+01:00",
        "authors": [{"name": "Ines Calloway"}],
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [said, "nonsense"]}
    assert only(json.dumps(feed).encode()) == Entry(
        "https://packet.example/mole",
        "The mole fell",
        "Ines Calloway",
        "2024-08-27T05:45:00+01:00",
        content="<p>At dawn.</p>",
        guid="1",
    )


def test_the_full_text_goes_before_the_summary():
    full = (
        "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'><![CDATA[<p>At dawn it fell.</p>]]>"
    )
    said = item(description="At dawn.").replace("</item>", full + "</content:encoded></item>")
    assert only(rss(said)).content == "<p>At dawn it fell.</p>"


def test_a_title_is_text():
    assert only(rss(item(title="&lt;b&gt;Mole&lt;/b&gt; &amp;amp; ferry"))).title == "Mole & ferry"
    assert only(rss(item(title="A\u202eB&#8203;C \n D"))).title == "ABC D"


def test_an_address_alone_is_no_author():
    assert only(rss(item(author="desk@packet.example"))).author == ""


def test_links_are_made_absolute_by_the_address_of_the_feed():
    assert only(rss(item(link="mole"))).url == "https://packet.example/news/mole"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "http://[", "ftp://packet.example/mole"])
def test_what_is_no_web_address_is_none(link):
    assert read_feed(rss(item(link=link)), AT) == []


def test_a_guid_that_is_an_address_serves_as_one():
    assert only(rss("<item><guid>https://packet.example/mole</guid></item>")).url == "https://packet.example/mole"


def test_an_article_without_an_address_is_told_apart_by_its_guid():
    assert only(rss("<item><title>Mole</title><guid isPermaLink='false'>17</guid></item>")).guid == "17"


def test_the_charset_of_the_server_is_heeded():
    feed = rss(item(title="Möle")).decode().encode("cp1252")
    assert only(feed, "application/rss+xml; charset=windows-1252").title == "Möle"


def test_a_feed_that_breaks_off_gives_the_entries_before():
    assert len(read_feed(rss(item(), item(link="https://packet.example/2"))[:-60], AT)) >= 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"prose",
        b"<html><body>Page</body></html>",
        b"{}",
        b'{"version": 1',
        b'{"items": []}',
        b"[" * 100_000,
        b"{" * 9,
    ],
    ids=["nothing", "prose", "a page", "json", "broken json", "other json", "deep json", "braces"],
)
def test_what_is_no_feed_says_so(data):
    with pytest.raises(UnreadableSource, match="not a feed"):
        read_feed(data, AT)


def test_bytes_that_name_a_file_open_none(tmp_path):
    (tmp_path / "feed.xml").write_bytes(rss(item()))
    with pytest.raises(UnreadableSource, match="not a feed"):
        read_feed(str(tmp_path / "feed.xml").encode(), AT)


def test_entities_that_name_a_file_bring_nothing_in(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    entity = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    title = only(rss(item(title="&x; mole")).replace(b"<rss", f"{entity}<rss".encode())).title
    assert "mole" in title
    assert "hunter2" not in title


def test_entities_within_entities_come_to_an_end():
    nested = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    entity = f'<!DOCTYPE rss [<!ENTITY e0 "lol">{nested}]>'
    assert only(rss(item(title="&e12;")).replace(b"<rss", f"{entity}<rss".encode())).title.count("lol") < 1000


def test_a_feed_has_its_bounds():
    assert len(read_feed(rss(*[item(link=f"/{n}") for n in range(MAX_ENTRIES + 5)]), AT)) == MAX_ENTRIES
    assert only(rss(item(title="x" * (MAX_LINE + 1)))).title == ""
    with pytest.raises(UnreadableSource, match="larger than 10 MB"):
        read_feed(b"<rss>" + b" " * MAX_BYTES, AT)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024-08-27", "2024-08-27T00:00:00"),
        ("Tue, 27 Aug 2024 05:45:00 GMT", "2024-08-27T05:45:00+00:00"),
        ("yesterday", ""),
        ("Tue, 32 Aug 2024 05:45:00 GMT", ""),
        ("2024" * 100, ""),
    ],
)
def test_a_moment_is_one_or_none(written, moment):
    assert moment_of(written) == moment
