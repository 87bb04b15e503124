from dataclasses import replace
from datetime import date

import pytest

from index.errors import UsageError
from index.records import digest
from index.sources.sightings import Sighting
from index.sources.web import Page

PROSE = "A crane barge broke from its moorings in a strong wind on Monday and struck the wall it had come to save."
MORE = "Two workers were taken to hospital, and the ferry has been suspended until further notice, the town said."


def page(text=PROSE, head=""):
    body = f"<main><article><p>{text}</p><p>{MORE}</p></article></main>"
    return f"<!doctype html><html><head><title>Crane strikes mole</title>{head}</head><body>{body}</body></html>"


def test_a_page_is_an_article_with_its_address_and_the_day_it_was_fetched(site, tools, ledger):
    url = site.put("/2024/08/27/mole", page())
    assert ledger.run(Page(url + "?utm_source=x#top", tools)) == {url: "indexed"}
    article = ledger.articles[url]
    assert (article.title, article.text) == ("Crane strikes mole", f"{PROSE}\n\n{MORE}")
    assert (article.url, article.fetched) == (url, ledger.now)
    assert (article.published, article.published_from) == (date(2024, 8, 27), "URL")


def test_a_page_that_did_not_change_is_not_sent_again(site, tools, ledger):
    url = site.put("/mole", page(), etag='"1"')
    ledger.run(Page(url, tools))
    ledger.later(hours=1)
    assert ledger.run(Page(url, tools)) == {url: "same"}
    assert site.taken() == ["/mole", "/mole?"]
    assert ledger.known[url].memo == {"etag": '"1"', "checked": "2024-09-01T01:00:00+00:00"}


def test_a_page_that_changed_is_read_again(site, tools, ledger):
    url = site.put("/mole", page(), etag='"1"')
    ledger.run(Page(url, tools))
    site.put("/mole", page("The mole stands."), etag='"2"')
    assert ledger.run(Page(url, tools)) == {url: "indexed"}
    assert ledger.articles[url].text.startswith("The mole stands.")


def test_a_page_that_other_readers_read_is_sent_again(site, tools, ledger):
    url = site.put("/mole", page(), etag='"1"')
    ledger.run(Page(url, tools))
    ledger.known[url] = replace(ledger.known[url], readers="0")
    assert ledger.run(Page(url, tools)) == {url: "indexed"}
    assert site.taken() == ["/mole", "/mole"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_page_that_fails_keeps_its_text_and_is_asked_for_in_full_the_next_time(site, tools, ledger, status):
    url = site.put("/mole", page(), etag='"1"')
    ledger.run(Page(url, tools))
    site.change("/mole", status=status)
    (ended,) = ledger.run(Page(url, tools)).values()
    assert ended.startswith("failed")
    assert str(status) in ended
    site.change("/mole", status=200)
    assert ledger.run(Page(url, tools)) == {url: "indexed"}
    assert site.taken()[-1] == "/mole"


def test_a_page_that_is_gone_for_good_is_gone(site, tools, ledger):
    url = site.put("/mole", page())
    ledger.run(Page(url, tools))
    site.change("/mole", status=410)
    assert ledger.run(Page(url, tools)) == {url: "gone"}


def test_a_page_that_was_gone_from_the_first_is_skipped_time_and_again(site, tools, ledger):
    url = site.put("/mole", page(), status=410)
    for _ in range(2):
        (ended,) = ledger.run(Page(url, tools)).values()
        assert ended.startswith("skipped")


def test_a_page_that_shows_no_article_today_does_not_end_the_one_it_had(site, tools, ledger):
    url = site.put("/mole", page())
    ledger.run(Page(url, tools))
    site.put("/mole", "<html><body></body></html>")
    assert ledger.run(Page(url, tools)) == {url: "failed: no article text found in the page"}
    site.put("/mole", b"\x89PNG", "image/png")
    assert ledger.run(Page(url, tools)) == {url: "failed: not an article format (image/png)"}


def test_what_is_no_article_is_skipped(site, tools, ledger):
    picture, feed = site.put("/mole.png", b"\x89PNG", "image/png"), site.put("/feed", "<rss></rss>", "text/xml")
    assert ledger.run(Page(picture, tools)) == {picture: "skipped: not an article format (image/png)"}
    assert ledger.run(Page(feed, tools)) == {feed: "skipped: a feed, not an article"}


def test_a_plain_text_is_an_article_too_and_its_charset_is_heeded(site, tools, ledger):
    url = site.put("/mole", f"Мол упал\n\n{PROSE}".encode("iso-8859-5"), "text/plain; charset=iso-8859-5")
    assert ledger.run(Page(url, tools)) == {url: "indexed"}
    assert ledger.articles[url].title == "Мол упал"
    assert ledger.run(Page(url, tools)) == {url: "same"}


def test_a_page_names_its_own_address_on_its_own_site_alone(site, tools, ledger):
    url = site.put("/mole", page(head='<link rel="canonical" href="https://other.example/mole">'))
    ledger.run(Page(url, tools))
    assert ledger.articles[url].url == url


@pytest.mark.parametrize(("changed", "modified"), [("2024-08-30", date(2024, 8, 30)), ("2020-01-05", None)])
def test_a_change_before_publication_is_none(site, tools, ledger, changed, modified):
    url = site.put("/2024/08/27/mole", page(head=f'<meta property="article:modified_time" content="{changed}">'))
    ledger.run(Page(url, tools))
    assert ledger.articles[url].modified == modified


def test_an_article_lies_where_the_page_was_found_in_the_end(site, tools, ledger):
    end = site.put("/mole", page())
    url = site.put("/m", "", status=302, headers={"Location": end})
    assert ledger.run(Page(url, tools)) == {url: "indexed"}
    assert ledger.articles[url].url == end


def test_what_was_not_sent_because_it_had_not_changed_can_be_read_all_the_same(site, tools):
    url = site.put("/mole", page(), etag='"1"')
    (reading,) = Page(url, tools).read([Sighting(url, digest(page()), memo={"etag": '"1"'})])
    assert (reading.state, reading.digest) == ("indexed", digest(page()))
    site.change("/mole", status=500)
    (reading,) = Page(url, tools).read([Sighting(url, digest(page()))])
    assert reading.state == "failed"


def test_what_is_no_address_is_refused(tools):
    with pytest.raises(UsageError):
        Page("file:///etc/passwd", tools)


def test_a_run_can_be_interrupted_while_it_waits_for_a_site(tools):
    class Interrupted:
        def get(self, *_):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Page("https://packet.example/mole", replace(tools, fetcher=Interrupted())).scan({}))
