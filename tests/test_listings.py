import gzip
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sites import site_at

from index.sources import web
from index.sources.listings import MAX_OPENED, Feed, Sitemap
from index.sources.web import MIN_INSIDE

PROSE = "A crane barge broke from its moorings in a strong wind and struck the wall that it had come to save."
FULL = "".join(f"<p>On day {n}. {PROSE}</p>" for n in range(1, 7))


def page(text):
    return f"<html><head><title>{text}</title></head><body><article><p>{text}. {PROSE}</p></article></body></html>"


def put_pages(site, *names, **about):
    return [site.put(f"/{name}", page(name), etag=f'"{name}"', **about) for name in names]


def put_feed(site, *items, etag='"feed"'):
    """A feed of the items, each a path, or a path and what else stands in it."""
    items = [item if isinstance(item, tuple) else (item, "") for item in items]
    told = "".join(f"<item><link>{site.url(f'/{path}')}</link>{more}</item>" for path, more in items)
    return site.put("/feed", f'<rss version="2.0"><channel>{told}</channel></rss>', "application/rss+xml", etag=etag)


def put_sitemap(site, *urls, path="/sitemap.xml", tag="url", root="urlset", etag="", packed=False):
    """A sitemap of the addresses, each one, or one and its last change."""
    urls = [url if isinstance(url, tuple) else (url, "") for url in urls]
    told = "".join(
        f"<{tag}><loc>{url}</loc>{f'<lastmod>{changed}</lastmod>' if changed else ''}</{tag}>" for url, changed in urls
    )
    body = f"<{root}>{told}</{root}>".encode()
    return site.put(path, gzip.compress(body) if packed else body, "application/xml", etag=etag)


def put_index(site, *urls, **about):
    return put_sitemap(site, *urls, tag="sitemap", root="sitemapindex", **about)


def day(number):
    return f"<pubDate>{number:02} Aug 2024 08:00:00 GMT</pubDate>"


# Feeds --------------------------------------------------------------------------------------------------------------


def test_the_articles_that_a_feed_links_to_are_read_as_parts_of_it(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    feed = put_feed(site, "mole", "ferry")
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "indexed", ferry: "indexed"}
    assert ledger.known[mole].part_of == feed
    assert ledger.articles[mole].text == f"mole. {PROSE}"


def test_the_feed_itself_is_sighted_before_its_articles(site, tools):
    put_pages(site, "mole")
    feed = Feed(put_feed(site, "mole"), tools)
    assert [sighting.state for sighting in feed.scan({})] == ["opened", "seen"]


def test_articles_are_fetched_while_the_scan_goes_on(site, tools):
    put_pages(site, "mole", "ferry")
    scan = Feed(put_feed(site, "mole", "ferry"), tools).scan({})
    next(scan)
    next(scan)
    assert site.taken() == ["/feed", "/mole"]


def test_what_a_feed_says_stands_in_where_the_page_says_nothing(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    ledger.run(Feed(put_feed(site, ("mole", f"<author>Ines Calloway</author>{day(27)}")), tools))
    article = ledger.articles[mole]
    assert (article.author, article.published, article.published_from) == ("Ines Calloway", date(2024, 8, 27), "feed")


def test_nothing_is_asked_for_again_within_a_day(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    feed = put_feed(site, "mole", "ferry", etag="")
    ledger.run(Feed(feed, tools))
    site.taken()
    ledger.later(hours=23)
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "same", ferry: "same"}
    assert site.taken() == ["/feed"]
    ledger.later(hours=2)
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "same", ferry: "same"}
    assert site.taken() == ["/feed", "/mole?", "/ferry?"]


def test_a_feed_is_asked_whether_it_changed_once_all_in_it_is_known(site, tools, ledger):
    put_pages(site, "mole")
    feed = put_feed(site, "mole")
    for _ in range(3):
        ledger.run(Feed(feed, tools))
    assert site.taken() == ["/feed", "/mole", "/feed", "/feed?"]


def test_a_run_that_is_stopped_after_the_feed_misses_no_article(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, "mole")
    ledger.run(Feed(feed, tools))
    del ledger.known[mole]
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "indexed"}


def test_an_article_is_asked_for_when_the_feed_says_that_it_changed(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, ("mole", day(27)))
    ledger.run(Feed(feed, tools))
    site.put("/mole", page("The mole stands"))
    put_feed(site, ("mole", day(28)))
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "indexed"}
    assert ledger.articles[mole].title == "The mole stands"


def test_what_leaves_the_feed_stays(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    feed = put_feed(site, "mole", etag="")
    ledger.run(Feed(feed, tools))
    put_feed(site, "ferry", etag="")
    site.taken()
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", ferry: "indexed", mole: "same"}
    assert site.taken() == ["/feed", "/ferry"]


def test_an_article_that_is_gone_for_good_is_gone(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, "mole", etag="")
    ledger.run(Feed(feed, tools))
    site.change("/mole", status=410)
    ledger.later(days=2)
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "gone"}
    assert ledger.run(Feed(feed, tools))[mole].startswith("skipped")


def test_a_feed_that_fails_keeps_its_articles_and_asks_for_none(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, "mole")
    ledger.run(Feed(feed, tools))
    site.change("/feed", status=500)
    ledger.later(days=2)
    site.taken()
    ended = ledger.run(Feed(feed, tools))
    assert ended[feed].startswith("failed")
    assert ended[mole] == "same"
    assert site.taken() == ["/feed"]


@pytest.mark.parametrize("body", ["<html><body>Closed</body></html>", ""])
def test_a_feed_that_is_none_any_more_keeps_its_articles(site, tools, ledger, body):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, "mole")
    ledger.run(Feed(feed, tools))
    site.put("/feed", body)
    assert ledger.run(Feed(feed, tools)) == {feed: "failed: not a feed", mole: "same"}


def test_a_feed_that_is_gone_for_good_takes_nothing_with_it(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, "mole")
    ledger.run(Feed(feed, tools))
    site.change("/feed", status=410)
    ended = ledger.run(Feed(feed, tools))
    assert ended[feed].startswith("failed")
    assert ended[mole] == "same"


def test_an_article_that_failed_is_tried_again_while_the_feed_is_unchanged(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    feed = put_feed(site, "mole", ("ferry", f"<title>Ferry</title>{day(27)}"))
    site.change("/ferry", status=500)
    assert ledger.run(Feed(feed, tools))[ferry].startswith("failed")
    ledger.run(Feed(feed, tools))
    site.change("/ferry", status=200)
    site.taken()
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", ferry: "indexed", mole: "same"}
    assert site.taken() == ["/feed?", "/ferry"]
    assert ledger.articles[ferry].published_from == "feed"


def test_what_failed_and_left_the_feed_is_tried_once_a_day(site, tools, ledger):
    (mole,) = put_pages(site, "mole", status=500)
    feed = put_feed(site, "mole", etag="")
    ledger.run(Feed(feed, tools))
    put_feed(site, etag="")
    site.taken()
    assert ledger.run(Feed(feed, tools))[mole].startswith("failed")
    assert site.taken() == ["/feed"]
    ledger.later(days=1)
    ledger.run(Feed(feed, tools))
    assert site.taken() == ["/feed", "/mole"]


def test_nothing_is_tried_again_while_the_feed_itself_fails(site, tools, ledger):
    (mole,) = put_pages(site, "mole", status=500)
    feed = put_feed(site, "mole")
    ledger.run(Feed(feed, tools))
    site.change("/feed", status=500)
    ledger.later(days=2)
    site.taken()
    assert ledger.run(Feed(feed, tools))[mole].startswith("failed")
    assert site.taken() == ["/feed"]


def test_what_other_readers_read_is_read_again_whether_it_is_listed_or_not(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    feed = put_feed(site, ("mole", day(27)), "ferry")
    ledger.run(Feed(feed, tools))
    put_feed(site, "ferry")
    ledger.known = {source: replace(before, readers="0") for source, before in ledger.known.items()}
    site.taken()
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "indexed", ferry: "indexed"}
    assert sorted(site.taken()) == ["/feed", "/ferry", "/mole"]
    assert ledger.articles[mole].published == date(2024, 8, 27)


def test_the_newest_come_first_and_the_rest_in_the_next_runs(site, tools, ledger):
    urls = put_pages(site, *[f"n{n}" for n in range(1, 6)])
    feed = put_feed(site, *[(f"n{n}", day(n)) for n in range(1, 6)])
    place = Feed(feed, tools, limit=2)
    assert set(ledger.run(place)) == {feed, urls[4], urls[3]}
    assert place.left == 3
    place = Feed(feed, tools, limit=2)
    assert [s for s, ended in ledger.run(place).items() if ended == "indexed"] == [urls[2], urls[1]]
    assert place.left == 1
    place = Feed(feed, tools, limit=2)
    ledger.run(place)
    assert place.left == 0
    assert set(ledger.articles) == set(urls)


def test_what_waits_to_be_read_by_our_readers_is_not_sighted(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    feed = put_feed(site, "mole", "ferry")
    ledger.run(Feed(feed, tools))
    ledger.known = {source: replace(before, readers="0") for source, before in ledger.known.items()}
    place = Feed(feed, tools, limit=1)
    assert ledger.run(place) == {feed: "opened", mole: "indexed"}
    assert (place.left, place.covers(ferry)) == (1, False)


def test_what_is_followed_elsewhere_is_asked_for_there(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, "mole")
    ledger.run(Feed(feed, tools))
    ledger.known[mole] = replace(ledger.known[mole], part_of="https://other.example/feed")
    assert ledger.run(Feed(feed, tools)) == {feed: "opened"}


def test_a_feed_may_link_to_other_sites(site, tools, ledger):
    with site_at("127.0.0.2") as other:
        mole = other.put("/mole", page("mole"))
        feed = site.put("/feed", f"<rss><channel><item><link>{mole}</link></item></channel></rss>", "text/xml")
        assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "indexed"}


def test_one_article_that_is_linked_in_two_ways_is_asked_for_once(site, tools, ledger):
    put_pages(site, "mole")
    feed = put_feed(site, "mole", "mole?utm_source=feed", "mole#top")
    ledger.run(Feed(feed, tools))
    assert site.taken() == ["/feed", "/mole"]


@pytest.mark.parametrize("answer", [{"status": 404}, {"body": b"<html></html>", "etag": ""}], ids=["404", "no text"])
def test_the_full_text_of_a_feed_stands_in_for_a_page_that_cannot_be_had(site, tools, ledger, answer):
    (mole,) = put_pages(site, "mole")
    site.change("/mole", **answer)
    told = f"<title>The mole fell</title>{day(27)}<description><![CDATA[{FULL}]]></description>"
    feed = put_feed(site, ("mole", told), etag="")
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "indexed"}
    article = ledger.articles[mole]
    assert article.title == "The mole fell"
    assert article.text.count(PROSE) == 6
    assert (article.url, article.published_from) == (mole, "feed")
    ledger.later(days=2)
    assert ledger.run(Feed(feed, tools)) == {feed: "opened", mole: "same"}


def test_a_summary_stands_in_for_nothing(site, tools, ledger):
    (mole,) = put_pages(site, "mole", status=404)
    summary = "x" * (MIN_INSIDE - 1)
    feed = put_feed(site, ("mole", f"<description>{summary}</description>"), etag="")
    assert ledger.run(Feed(feed, tools))[mole].startswith("failed")
    site.put("/mole", "<html><body></body></html>")
    assert ledger.run(Feed(feed, tools))[mole] == "skipped: no article text found in the page"


def test_the_text_of_the_page_is_not_replaced_by_that_of_the_feed_when_it_fails(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    feed = put_feed(site, ("mole", f"<description><![CDATA[{FULL}]]></description>"), etag="")
    ledger.run(Feed(feed, tools))
    site.change("/mole", status=500)
    ledger.later(days=2)
    assert ledger.run(Feed(feed, tools))[mole].startswith("failed")
    assert ledger.articles[mole].text == f"mole. {PROSE}"


def test_an_article_without_an_address_is_what_the_feed_tells_of_it(site, tools, ledger):
    text = f"<description><![CDATA[{FULL}]]></description>"
    told = f"<title>The mole fell</title><guid isPermaLink='false'>17</guid>{text}"
    items = f"<item>{told}</item><item><title>Short</title><guid isPermaLink='false'>18</guid></item>"
    feed = site.put("/feed", f'<rss version="2.0"><channel>{items}</channel></rss>', "text/xml")
    ended = ledger.run(Feed(feed, tools))
    assert ended[f"{feed}#17"] == "indexed"
    assert ended[f"{feed}#18"] == "skipped: the feed gives neither its address nor its full text"
    assert ledger.articles[f"{feed}#17"].url is None
    ledger.later(days=2)
    assert ledger.run(Feed(feed, tools))[f"{feed}#17"] == "same"
    assert site.taken() == ["/feed", "/feed"]


def test_a_link_to_something_else_is_skipped(site, tools, ledger):
    picture = site.put("/mole.png", b"\x89PNG", "image/png")
    feed = put_feed(site, "mole.png")
    for _ in range(2):
        assert ledger.run(Feed(feed, tools)) == {feed: "opened", picture: "skipped: not an article format (image/png)"}


# Sitemaps -----------------------------------------------------------------------------------------------------------


def test_the_articles_of_a_sitemap_are_its_parts(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    sitemap = put_sitemap(site, mole, ferry, packed=True)
    assert ledger.run(Sitemap(sitemap, tools)) == {sitemap: "opened", mole: "indexed", ferry: "indexed"}


def test_a_news_sitemap_says_when_an_article_was_published(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    news = "<news:news><news:publication_date>2024-08-27</news:publication_date></news:news>"
    space = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    body = f"<urlset {space}><url><loc>{mole}</loc>{news}</url></urlset>"
    ledger.run(Sitemap(site.put("/news.xml", body, "text/xml"), tools))
    assert (ledger.articles[mole].published, ledger.articles[mole].published_from) == (date(2024, 8, 27), "sitemap")


def test_the_last_change_that_a_sitemap_names_is_no_date_of_publication(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    ledger.run(Sitemap(put_sitemap(site, (mole, "2024-08-27")), tools))
    assert ledger.articles[mole].published is None


def test_an_article_whose_last_change_is_named_is_asked_for_when_that_changes_alone(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    sitemap = put_sitemap(site, (mole, "2024-08-27"), ferry)
    ledger.run(Sitemap(sitemap, tools))
    site.taken()
    ledger.later(days=2)
    ledger.run(Sitemap(sitemap, tools))
    assert site.taken() == ["/sitemap.xml", "/ferry?"]
    put_sitemap(site, (mole, "2024-08-28"), ferry)
    ledger.run(Sitemap(sitemap, tools))
    assert site.taken() == ["/sitemap.xml", "/mole?"]


def test_a_sitemap_speaks_for_its_own_site_alone(site, tools, ledger):
    with site_at("127.0.0.2") as other:
        mole = other.put("/mole", page("mole"))
        sitemap = put_sitemap(site, mole)
        nested = put_index(site, other.url("/sitemap.xml"), path="/index.xml")
        assert ledger.run(Sitemap(sitemap, tools)) == {
            sitemap: "opened",
            mole: "skipped: on another site than the sitemap",
        }
        for _ in range(3):
            assert ledger.run(Sitemap(nested, tools)) == {
                nested: "opened",
                other.url("/sitemap.xml"): "skipped: on another site than the sitemap",
            }
        assert other.taken() == []


def test_another_site_is_not_asked_when_the_readers_are_others(site, tools, ledger):
    with site_at("127.0.0.2") as other:
        mole = other.put("/mole", page("mole"))
        sitemap = put_sitemap(site, mole, etag='"sitemap"')
        for _ in range(2):
            ledger.run(Sitemap(sitemap, tools))
        ledger.known[mole] = replace(ledger.known[mole], readers="0")
        assert ledger.run(Sitemap(sitemap, tools))[mole] == "skipped: on another site than the sitemap"
        assert site.taken()[-1] == "/sitemap.xml?"
        assert other.taken() == []


def test_the_sitemaps_in_an_index_are_opened_and_what_they_list_is_part_of_it(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    one, two = put_sitemap(site, mole, path="/1.xml"), put_sitemap(site, ferry, path="/2.xml")
    index = put_index(site, one, two)
    assert ledger.run(Sitemap(index, tools)) == {
        index: "opened", one: "opened", mole: "indexed", two: "opened", ferry: "indexed",
    }  # fmt: skip
    assert {before.part_of for source, before in ledger.known.items() if source != index} == {index}


def test_a_sitemap_in_an_index_is_opened_again_when_its_last_change_is_another(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    one = put_sitemap(site, (mole, "2024-08-27"), path="/1.xml")
    index = put_index(site, (one, "2024-08-27"), etag='"index"')
    for _ in range(2):
        ledger.run(Sitemap(index, tools))
    site.taken()
    assert ledger.run(Sitemap(index, tools)) == {index: "opened", one: "opened", mole: "same"}
    assert site.taken() == ["/sitemap.xml?"]
    put_sitemap(site, (mole, "2024-08-28"), path="/1.xml")
    put_index(site, (one, "2024-08-28"), etag='"index 2"')
    ledger.run(Sitemap(index, tools))
    assert site.taken() == ["/sitemap.xml?", "/1.xml", "/mole?"]


def test_the_sitemaps_of_an_unchanged_index_that_names_no_change_are_asked(site, tools, ledger):
    mole, ferry = put_pages(site, "mole", "ferry")
    one = put_sitemap(site, (mole, "2024-08-27"), path="/1.xml", etag='"1"')
    index = put_index(site, one, etag='"index"')
    for _ in range(2):
        ledger.run(Sitemap(index, tools))
    site.taken()
    put_sitemap(site, (mole, "2024-08-27"), (ferry, "2024-08-28"), path="/1.xml", etag='"2"')
    assert ledger.run(Sitemap(index, tools))[ferry] == "indexed"
    assert site.taken() == ["/sitemap.xml?", "/1.xml?", "/ferry"]


def test_a_sitemap_in_an_index_that_fails_is_told_and_tried_again(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    one = put_sitemap(site, mole, path="/1.xml")
    site.change("/1.xml", status=500)
    index = put_index(site, one, etag='"index"')
    for _ in range(2):
        assert ledger.run(Sitemap(index, tools))[one].startswith("failed")
    site.change("/1.xml", status=200)
    assert ledger.run(Sitemap(index, tools)) == {index: "opened", one: "opened", mole: "indexed"}


def test_sitemaps_are_nested_no_deeper_than_two(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    three = put_sitemap(site, mole, path="/3.xml")
    two = put_index(site, three, path="/2.xml")
    one = put_index(site, two, path="/1.xml")
    index = put_index(site, one)
    ended = ledger.run(Sitemap(index, tools))
    assert ended == {index: "opened", one: "opened", two: "opened", three: "skipped: nested deeper than 2 sitemaps"}


def test_an_index_that_lists_itself_comes_to_an_end(site, tools, ledger):
    index = put_index(site, site.url("/sitemap.xml"), site.url("/1.xml"))
    put_index(site, site.url("/sitemap.xml"), path="/1.xml")
    ledger.run(Sitemap(index, tools))
    assert site.taken() == ["/sitemap.xml", "/1.xml"]


def test_an_index_of_too_many_sitemaps_is_worked_through_in_several_runs(site, tools, ledger):
    nested = [put_sitemap(site, path=f"/{n}.xml", etag='"x"') for n in range(MAX_OPENED + 7)]
    index = put_index(site, *nested)
    place = Sitemap(index, tools)
    ledger.run(place)
    assert len(site.taken()) == 1 + MAX_OPENED
    assert place.left == 7
    place = Sitemap(index, tools)
    ledger.run(place)
    assert {f"/{n}.xml" for n in range(MAX_OPENED, MAX_OPENED + 7)} <= set(site.taken())
    assert place.left == 0


def test_the_limit_is_one_of_all_sitemaps_together(site, tools, ledger):
    urls = put_pages(site, "a", "b", "c")
    nested = [put_sitemap(site, (url, "2024-08-27"), path=f"/{n}.xml") for n, url in enumerate(urls)]
    index = put_index(site, *nested, etag='"index"')
    left = []
    for _ in range(3):
        place = Sitemap(index, tools, limit=1)
        ledger.run(place)
        left.append(place.left)
    assert left == [2, 1, 0]
    assert site.taken()[:4] == ["/sitemap.xml", "/0.xml", "/a", "/sitemap.xml"]
    assert set(ledger.articles) == set(urls)


def test_the_time_until_an_article_is_asked_for_again_can_be_chosen(site, tools, ledger):
    (mole,) = put_pages(site, "mole")
    sitemap = put_sitemap(site, mole)
    ledger.run(Sitemap(sitemap, tools))
    ledger.later(hours=2)
    site.taken()
    ledger.run(Sitemap(sitemap, tools, again=timedelta(hours=1)))
    assert site.taken() == ["/sitemap.xml", "/mole?"]


def test_what_does_not_fit_beside_what_waits_to_be_read_waits_for_the_next_run(site, tools, ledger, monkeypatch):
    monkeypatch.setattr(web, "MAX_SPOOLED", 1)
    mole, ferry = put_pages(site, "mole", "ferry")
    place = Feed(put_feed(site, "mole", "ferry"), tools)
    assert [mole in (states := ledger.run(place)), ferry in states, place.left] == [True, False, 1]
