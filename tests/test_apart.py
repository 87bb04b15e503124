import pytest

from index.errors import UnreadableSource
from index.sources.apart import feeds_of_apart, read_feed_apart
from index.sources.feeds import read_feed

AT = "https://packet.example/feed.xml"


def feed(author):
    item = f"<item><title>Möle</title><link>/mole</link><author>{author}</author></item>"
    return f'<rss version="2.0"><channel>{item}</channel></rss>'.encode()


def test_a_feed_says_the_same_in_a_process_of_its_own():
    entries = read_feed_apart(feed("Ines Calloway"), AT)
    assert entries == read_feed(feed("Ines Calloway"), AT)
    assert entries[0].title == "Möle"


def test_a_feed_that_keeps_its_reader_busy_is_given_up():
    with pytest.raises(UnreadableSource, match="gave up reading the feed after 1 s"):
        read_feed_apart(feed("a" * 300_000), AT, seconds=1)


def test_the_reason_why_there_is_no_feed_comes_back():
    with pytest.raises(UnreadableSource, match="not a feed"):
        read_feed_apart(b"prose", AT)


def test_the_feeds_that_a_page_names_are_found():
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>'
    assert feeds_of_apart(page, "https://packet.example/") == ("https://packet.example/feed.xml",)


def test_a_page_that_keeps_its_reader_busy_names_no_feeds():
    many = " ".join(f"a{n}=1" for n in range(60_000)).encode()
    assert feeds_of_apart(b"<html><p " + many + b">x</p></html>", "https://packet.example/", seconds=1) == ()
