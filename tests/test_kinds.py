import gzip

import pytest
from sites import site_at

from index.errors import UnreadableSource, UsageError
from index.sources.fetcher import Fetched, Fetcher
from index.sources.kinds import Found, discover, in_utf8, kind_of, not_a_format, suffix_of

PAGE = "<!doctype html><html><head><title>Mole</title></head><body><p>It fell.</p></body></html>"
ATOM = '<?xml version="1.0"?>\n<!-- made by hand -->\n<feed xmlns="http://www.w3.org/2005/Atom"></feed>'


def answer(body=b"", kind="text/html", url="https://packet.example/mole"):
    return Fetched(url, 200, kind, body, "", "", permanent=True)


@pytest.fixture
def site():
    with site_at() as site:
        yield site


@pytest.fixture
def fetcher():
    fetcher = Fetcher(networks=["127.0.0.0/8"], pause=0)
    yield fetcher
    fetcher.close()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<rss version="2.0"><channel/></rss>', "feed"),
        (ATOM, "feed"),
        ('<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>', "feed"),
        ('{"version": "https:\\/\\/jsonfeed.org\\/version\\/1.1"}', "feed"),
        ("\ufeff<urlset></urlset>", "sitemap"),
        ('<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><sitemapindex >', "sitemap"),
        (PAGE, None),
        ("<p>How to write <rss> feeds</p>", None),
        ('{"version": 1}', None),
        ("<!-- <rss>", None),
        ("", None),
    ],
)
def test_bytes_tell_what_they_are(body, kind):
    assert kind_of(body.encode()) == kind


def test_bytes_in_utf_16_tell_what_they_are_too():
    assert kind_of(ATOM.encode("utf-16")) == "feed"


def test_what_is_packed_is_a_sitemap_or_nothing():
    assert kind_of(gzip.compress(b"<urlset/>")) == "sitemap"
    assert kind_of(gzip.compress(b"prose")) is None
    assert kind_of(b"\x1f\x8bnonsense") is None


@pytest.mark.parametrize(
    ("given", "suffix"),
    [
        (answer(kind="text/html"), ".html"),
        (answer(kind="text/plain"), ".txt"),
        (answer(b"%PDF-1.7", "application/octet-stream"), ".pdf"),
        (answer(PAGE.encode(), ""), ".html"),
        (answer(PAGE.encode(), "application/xml"), ".html"),
        (answer(b"# Mole", "application/octet-stream", "https://packet.example/a/mole.md?raw=1"), ".md"),
        (answer(b"\x89PNG", "image/png"), None),
        (answer(b"PK\x03\x04", "application/octet-stream", "https://packet.example/all.zip"), None),
        (answer(b"\0\1", "", "https://packet.example/mole"), None),
    ],
)
def test_an_answer_has_the_suffix_of_what_it_is(given, suffix):
    assert suffix_of(given) == suffix


def test_what_is_no_article_says_why():
    assert not_a_format(answer(b"\x89PNG", "image/png")) == "not an article format (image/png)"
    assert not_a_format(answer(b"", "")) == "not an article format (no content type)"
    assert not_a_format(answer(ATOM.encode(), "application/xml")) == "a feed, not an article"


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("Möle".encode("cp1252"), "iso-8859-1", "Möle"),
        ("Мол".encode("koi8-r"), "koi8-r", "Мол"),
        ("Möle".encode(), "iso-8859-1", "Möle"),
    ],
)
def test_the_charset_of_the_server_is_heeded_unless_the_bytes_are_utf_8(body, charset, text):
    assert in_utf8(body, charset).decode() == text


@pytest.mark.parametrize("charset", ["", "no-such", "punycode", "rot13", "zip", "unicode_escape", "a\0b"])
def test_a_charset_that_is_none_changes_nothing(charset):
    assert in_utf8(b"M\xf6le", charset) == b"M\xf6le"


def test_an_address_is_found_to_be_a_page_a_feed_or_a_sitemap(site, fetcher):
    head = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    page = site.put("/", PAGE.replace("<title>", f"{head}<title>"))
    feed = site.put("/feed", ATOM, "text/xml")
    sitemap = site.put("/sitemap.xml.gz", gzip.compress(b"<urlset/>"), "application/gzip")
    assert discover(page, fetcher) == Found("page", page, (feed,))
    assert discover(feed, fetcher) == Found("feed", feed)
    assert discover(sitemap, fetcher) == Found("sitemap", sitemap)


def test_an_address_that_has_moved_for_good_is_followed_to_where_it_is(site, fetcher):
    feed = site.put("/feed", ATOM, "text/xml")
    old = site.put("/old", "", status=301, headers={"Location": feed})
    assert discover(old, fetcher).url == feed


def test_what_cannot_be_followed_says_why(site, fetcher):
    with pytest.raises(UnreadableSource, match=r"not an article format \(image/png\)"):
        discover(site.put("/mole.png", b"\x89PNG", "image/png"), fetcher)
    with pytest.raises(UnreadableSource, match="404"):
        discover(site.url("/nowhere"), fetcher)
    with pytest.raises(UsageError):
        discover("ftp://packet.example", fetcher)
