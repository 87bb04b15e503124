import time

import pytest

from index.errors import UnreadableSource
from index.sources.robots import MAX_SIZE, Robots, read_robots

SITE = "https://example.org"


@pytest.mark.parametrize(
    ("file", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /\n", "/a", False),
        ("User-agent: *\nDisallow:\n", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: footnote\nAllow: /\n", "/a", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: Footnote\nDisallow: /a\n", "/a", False),
        ("User-agent: GPTBot\nDisallow: /\n", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$\n", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /news\nAllow: /news/open\n", "/news/open/1", True),
        ("User-agent: *\nDisallow: /a?print=\n", "/a?print=1", False),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", "/a", False),
        ("<html><body>Not found</body></html>", "/a", True),
    ],
)
def test_what_a_file_allows(file, path, allowed):
    assert read_robots(file.encode()).allow(SITE + path) is allowed


def test_without_a_file_everything_is_allowed():
    assert Robots().allow(SITE + "/a")
    assert Robots().delay == 0.0


@pytest.mark.parametrize(("said", "seconds"), [("5", 5.0), ("0.5", 0.5), ("soon", 0.0), ("-3", 0.0), ("nan", 0.0)])
def test_the_pause_that_a_file_asks_for(said, seconds):
    assert read_robots(f"User-agent: *\nCrawl-delay: {said}\n".encode()).delay == seconds


def test_bytes_that_are_no_text_are_no_rules():
    assert read_robots(bytes(range(256)) * 100).allow(SITE + "/a")


def test_a_file_ends_after_what_has_to_be_read():
    filler = b"#" + b"x" * 98 + b"\n"
    late = filler * (MAX_SIZE // 100) + b"User-agent: *\nDisallow: /\n"
    assert read_robots(late).allow(SITE + "/a")
    assert not read_robots(late[100 * 10 :]).allow(SITE + "/a")


@pytest.mark.parametrize(
    "file",
    [
        b"".join(b"User-agent: a%d\n" % n for n in range(10_000)) + b"Disallow: /a\n" * 20_000,
        b"User   agent a\n" * 30_000,
        b"".join(b"user-agent:%d\x0b" % n for n in range(3_000)) + b"disallow:/\n" * 5_000,
        b"useragent:a\n" * 1_000 + b"disallow:/\n" * 5_000,
    ],
)
def test_a_file_that_no_one_wrote_is_refused_soon(file):
    start = time.monotonic()
    with pytest.raises(UnreadableSource, match="programs"):
        read_robots(file)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "file",
    [
        b"User-agent: *\n" + b"Disallow: /a*\n" * 36_000,
        b"User-agent: *\nDisallow: /" + b"*a" * 250_000 + b"$",
        b"User-agent: *\n" + b"Disallow: /$$$$$$$$$$$$$$$$$$$$$$$$$$$$\n" * 12_000,
    ],
)
def test_a_hostile_file_is_read_and_asked_soon(file):
    start = time.monotonic()
    read_robots(file).allow(SITE + "/" + "a" * 1_900)
    assert time.monotonic() - start < 3
