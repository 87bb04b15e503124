from datetime import UTC, date, datetime, timedelta

import pytest

from index.sources.metadata import of_one_site
from index.sources.webpage import feeds_of, read_webpage

PROSE = "A crane barge broke from its moorings in a strong wind on Monday and struck the wall it had come to save."
MORE = "Two workers were taken to hospital, and the ferry has been suspended until further notice, the town said."
DAY, LATER = date(2024, 8, 27), date(2024, 8, 30)
AHEAD = datetime.now(UTC).date() + timedelta(days=3)


def json_ld(text):
    return f'<script type="application/ld+json">{text}</script>'


def article(published, **others):
    said = {"@type": '"NewsArticle"', "datePublished": f'"{published}"'} | {k: f'"{v}"' for k, v in others.items()}
    return "{" + ", ".join(f'"{name}": {value}' for name, value in said.items()) + "}"


def meta(name, content):
    return f'<meta property="{name}" content="{content}">'


def draft(*head, body="", lang="en"):
    shown = f"<main><article>{body}<p>{PROSE}</p><p>{MORE}</p></article></main>"
    title = "<title>Crane strikes mole</title>"
    return read_webpage(
        f"<!doctype html><html lang={lang}><head>{title}{''.join(head)}</head><body>{shown}</body></html>"
    )


def published(*head, body=""):
    dated = draft(*head, body=body).published
    return dated and (dated.day, dated.evidence)


@pytest.mark.parametrize(
    "text",
    [
        article("2024-08-27T23:30:00-08:00"),
        f"[{article('2024-08-27')}]",
        f'{{"@graph": [{{"@type": "Organization"}}, {article("2024-08-27")}]}}',
        f'{{"@type": "WebPage", "mainEntity": {article("2024-08-27")}}}',
        '{"@type": ["Report", "Thing"], "dateCreated": "2024-08-27"}',
    ],
)
def test_json_ld_says_when_the_article_was_published(text):
    assert published(json_ld(text)) == (DAY, "JSON-LD")


def test_json_ld_goes_before_meta_tags_and_these_before_a_byline():
    tag, time = meta("article:published_time", "2024-08-28"), '<time datetime="2024-08-29">29 August</time>'
    assert published(tag, json_ld(article("2024-08-27")), body=time) == (DAY, "JSON-LD")
    assert published(tag, body=time) == (date(2024, 8, 28), "meta tag")
    assert published(body=time) == (date(2024, 8, 29), "byline")


@pytest.mark.parametrize("placeholder", ["1970-01-01T00:00:00Z", "1969-12-31T19:00:00-05:00", "0001-01-01", AHEAD, ""])
def test_a_day_on_which_nothing_appeared_is_passed_over(placeholder):
    assert published(json_ld(article(placeholder)), meta("date", "2024-08-27")) == (DAY, "meta tag")
    assert published(json_ld(article(placeholder))) is None


def test_of_several_articles_the_one_that_the_page_is_about_counts():
    other, own = article("2020-01-05", headline="Inn to close"), article("2024-08-27", headline="Crane strikes  mole")
    assert published(json_ld(f"[{other}, {own}]")) == (DAY, "JSON-LD")
    by_address = article("2024-08-27", url="https://packet.example/mole")
    link = '<link rel="canonical" href="https://packet.example/mole">'
    assert published(link, json_ld(other), json_ld(by_address)) == (DAY, "JSON-LD")
    assert published(json_ld(f"[{article('2024-08-27')}, {article('2020-01-05')}]")) == (DAY, "JSON-LD")


def test_an_empty_tag_hides_none_that_follows():
    assert published(meta("article:published_time", ""), meta("article:published_time", "2024-08-27"))[0] == DAY


@pytest.mark.parametrize(
    "head",
    [
        json_ld(article("2024-08-27", dateModified="2024-08-30T09:00:00Z")),
        meta("article:modified_time", "2024-08-30"),
        meta("og:updated_time", "2024-08-30"),
        json_ld(article("2024-08-27", dateModified="1970-01-01")) + meta("article:modified_time", "2024-08-30"),
    ],
)
def test_the_day_of_the_last_change_is_another(head):
    assert draft(head).modified == LATER


def test_a_time_tag_may_be_that_of_the_change():
    said = '<time datetime="2024-08-27">27 August</time> <time class="updated" datetime="2024-08-30">30 August</time>'
    read = draft(body=said)
    assert (read.published.day, read.modified) == (DAY, LATER)


def test_a_page_that_names_no_change_has_none():
    assert draft(json_ld(article("2024-08-27"))).modified is None


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="HTTPS://Packet.example/mole?utm_source=x#top">', "https://packet.example/mole"),
        (meta("og:url", "https://packet.example/mole"), "https://packet.example/mole"),
        (
            '<link rel="canonical" href="/mole">' + meta("og:url", "https://packet.example/m"),
            "https://packet.example/m",
        ),
        ('<link rel="canonical" href="javascript:alert(1)">', ""),
        ('<link rel="canonical" href="//packet.example/mole">', ""),
        ("", ""),
    ],
)
def test_the_address_that_a_page_gives_itself(head, url):
    assert draft(head).url == url


@pytest.mark.parametrize(
    ("own", "url", "believed"),
    [
        ("https://packet.example/mole", "https://www.packet.example/mole?p=1", True),
        ("https://www.packet.example/mole", "https://amp.packet.example/mole", True),
        ("https://packet.example/mole", "", True),
        ("https://other.example/mole", "https://packet.example/mole", False),
        ("https://notpacket.example/mole", "https://packet.example/mole", False),
        ("https://packet.example/", "https://packet.example/mole", False),
        ("https://packet.example/", "https://packet.example/", True),
        ("", "https://packet.example/mole", False),
    ],
)
def test_an_address_is_believed_on_its_own_site(own, url, believed):
    assert of_one_site(own, url) is believed


def test_the_language_a_page_claims_counts_where_the_text_is_too_short():
    short = "<html lang='DE-at'><body><article><p>Die Mole fiel.</p></article></body></html>"
    assert read_webpage(short).language == "de"
    assert read_webpage(short.replace("DE-at", "german")).language == ""
    assert draft(lang="de").language == ""


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (meta("og:site_name", " The  Packet "), "The Packet"),
        (json_ld('{"@type": "Article", "publisher": {"@type": "Organization", "name": "The Packet"}}'), "The Packet"),
        (json_ld(article("2024-08-27", publisher="The Packet")), ""),
        (meta("og:site_name", "x" * 81), ""),
        ("", ""),
    ],
)
def test_the_paper_that_a_page_says_it_is_of(head, name):
    assert draft(head).publisher == name


def test_a_page_names_its_feeds():
    links = (
        '<link rel="alternate" type="application/rss+xml" href="feed.xml">'
        '<link rel="Alternate" type="application/atom+xml" href="https://packet.example/atom">'
        '<link rel="alternate" hreflang="de" href="/de"><link rel="stylesheet" type="application/rss+xml" href="/x">'
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">'
    )
    page = f"<html><head>{links}</head><body></body></html>"
    assert feeds_of(page, "https://packet.example/news/") == (
        "https://packet.example/atom",
        "https://packet.example/news/feed.xml",
    )
    assert feeds_of("", "https://packet.example/") == ()


BYLINE = "<p>By Ines Calloway</p><p>Published 5 May 2024</p>"
OLD = '<time datetime="2019-03-04">4 March 2019</time>'


def in_page(body):
    """The day and evidence of a whole body, with the article in it."""
    story = f"<article><h1>Crane strikes mole</h1>{body}<p>{PROSE}</p><p>{MORE}</p></article>"
    return story, "<html><head><title>Crane strikes mole</title></head><body>{}</body></html>"


def day_of_page(before="", inside="", after=""):
    story, around = in_page(inside)
    dated = read_webpage(around.format(before + story + after)).published
    return dated and (dated.day, dated.evidence)


def test_the_time_of_a_teaser_is_not_that_of_the_article():
    teaser = f"<article><h3>An older story</h3>{OLD}</article>"
    assert day_of_page(before=teaser) is None
    assert day_of_page(after=teaser) is None


def test_the_time_of_a_comment_in_the_article_is_not_that_of_the_article():
    comment = f"<article class='comment'><p>I was there. {OLD}</p></article>"
    assert day_of_page(inside=BYLINE + comment) == (date(2024, 5, 5), "byline")


def test_the_byline_goes_before_a_time_that_nothing_marks():
    assert day_of_page(inside=OLD + BYLINE) == (date(2024, 5, 5), "byline")


def test_a_time_that_nothing_marks_is_taken_for_want_of_better():
    assert day_of_page(inside=OLD) == (date(2019, 3, 4), "byline")


def test_the_clock_of_the_server_is_no_evidence():
    assert published('<meta http-equiv="date" content="2024-08-27">') is None
