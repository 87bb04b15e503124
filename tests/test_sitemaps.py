import gzip

import pytest

from index.errors import UnreadableSource
from index.sources.feeds import Entry
from index.sources.markup import MAX_MARKUP
from index.sources.sitemaps import MAX_ENTRIES, read_sitemap

AT = "https://packet.example/sitemap.xml"
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)


def urlset(*inner):
    urls = "".join(f"<url>{part}</url>" for part in inner)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {SPACES}>{urls}</urlset>'.encode()


def test_a_sitemap_lists_addresses_and_their_last_change():
    listed = read_sitemap(urlset("<loc> https://packet.example/mole </loc><lastmod>2024-08-27</lastmod>"), AT)
    assert listed.entries == (Entry("https://packet.example/mole", updated="2024-08-27T00:00:00"),)
    assert listed.nested == ()


def test_a_news_sitemap_tells_title_and_date_of_publication():
    news = (
        "<loc>https://packet.example/mole</loc><news:news><news:publication><news:name>The Packet</news:name>"
        "</news:publication><news:publication_date>2024-08-27T05:45:00+01:00</news:publication_date>"
        "<news:title>The mole fell</news:title></news:news>"
    )
    (entry,) = read_sitemap(urlset(news), AT).entries
    assert (entry.title, entry.published) == ("The mole fell", "2024-08-27T05:45:00+01:00")


def test_the_picture_of_an_article_is_not_its_address():
    image = "<loc>/mole</loc><image:image><image:loc>https://packet.example/mole.jpg</image:loc></image:image>"
    assert [entry.url for entry in read_sitemap(urlset(image), AT).entries] == ["https://packet.example/mole"]


def test_an_index_lists_sitemaps():
    nested = "".join(f"<sitemap><loc>/{name}.xml</loc></sitemap>" for name in "ab")
    listed = read_sitemap(f"<sitemapindex {SPACES}>{nested}</sitemapindex>".encode(), AT)
    assert [entry.url for entry in listed.nested] == ["https://packet.example/a.xml", "https://packet.example/b.xml"]
    assert listed.entries == ()


def test_a_packed_sitemap_is_unpacked():
    assert len(read_sitemap(gzip.compress(urlset("<loc>/mole</loc>")), AT).entries) == 1


def test_a_packed_sitemap_that_grows_too_large_is_refused():
    with pytest.raises(UnreadableSource, match="would expand to more than 30 MB"):
        read_sitemap(gzip.compress(b" " * (MAX_MARKUP + 1)), AT)


def test_a_mark_that_should_have_been_escaped_costs_one_entry_at_most():
    listed = read_sitemap(urlset("<loc>/a?b=1&c=2</loc>", "<loc>/mole</loc>"), AT)
    assert "https://packet.example/mole" in [entry.url for entry in listed.entries]


def test_a_sitemap_that_breaks_off_gives_the_entries_before():
    whole = urlset("<loc>/a</loc>", "<loc>/b</loc>")
    assert [entry.url for entry in read_sitemap(whole[:-25], AT).entries] == ["https://packet.example/a"]


def test_an_empty_sitemap_is_one():
    assert read_sitemap(urlset(), AT).entries == ()


@pytest.mark.parametrize("data", [b"", b"prose", b"<html><a href='/x'>x</a></html>", b"<rss/>", b"{}"])
def test_what_is_no_sitemap_says_so(data):
    with pytest.raises(UnreadableSource, match="not a sitemap"):
        read_sitemap(data, AT)


def test_a_damaged_packed_one_says_so():
    with pytest.raises(UnreadableSource, match="damaged"):
        read_sitemap(b"\x1f\x8bnonsense", AT)


@pytest.mark.parametrize("loc", ["javascript:alert(1)", "file:///etc/passwd", "", "http://["])
def test_what_is_no_web_address_is_left_out(loc):
    assert read_sitemap(urlset(f"<loc>{loc}</loc>"), AT).entries == ()


def test_entities_bring_nothing_in(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    entity = f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "lol">]>'
    sitemap = urlset("<loc>/mole&x;&y;</loc>").replace(b"<urlset", entity.encode() + b"<urlset")
    assert not any(word in str(read_sitemap(sitemap, AT)) for word in ("hunter2", "lol"))


def test_no_more_entries_are_read_than_a_sitemap_may_have():
    assert len(read_sitemap(urlset(*["<loc>/a</loc>"] * (MAX_ENTRIES + 1)), AT).entries) == MAX_ENTRIES


def test_elements_without_end_are_refused():
    with pytest.raises(UnreadableSource, match="tags"):
        read_sitemap(b"<urlset>" + b"<a/>" * 3_000_001, AT)
