"""The list of articles as it is drawn."""

import re
from dataclasses import replace
from html import unescape

from index.ledger import Entry, Listing
from index.records import article_id
from page.articles import LINES, Around, Wanted, entry_html, listing_html, wanted

RIVER = Entry("/articles/water/river.md", "indexed", "", "", "", "", "The river", "Ilse Brandt", "2024-03-12", "byline",
              None, None, "en", None, 4200, 0)  # fmt: skip
SCAN = replace(RIVER, source="/articles/scan.pdf", state="skipped", reason="no text layer", title="", author=None)

NOTHING, EMPTY = Around(), Listing()


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_a_link_names_the_state_and_the_page():
    assert wanted("list-failed-3", " tide ") == Wanted("failed", "tide", 3)
    assert wanted("list-all-0", "") == Wanted("", "", 0)


def test_anything_else_asks_for_the_first_page_of_all():
    for name in ("", "list-gone-0", "list-all-9999999", "list-all-0'--", "read-x", "list-all-\u0663"):
        assert wanted(name, "x") == Wanted("", "x", 0)


def test_an_indexed_source_shows_its_article_and_leads_to_it():
    drawn = entry_html(RIVER, NOTHING)
    assert words(drawn) == "The river Ilse Brandt · 12 Mar 2024 (byline) · en · 4,200 characters water/river.md"
    assert f'href="#read-{article_id(RIVER.source)}"' in drawn


def test_a_source_without_an_article_says_why_and_leads_nowhere():
    drawn = entry_html(SCAN, NOTHING)
    assert words(drawn) == "scan.pdf articles/scan.pdf Skipped no text layer"
    assert "href" not in drawn


def test_a_failed_source_says_that_its_old_article_is_kept():
    assert words(entry_html(replace(RIVER, state="failed", reason="HTTP 500"), NOTHING)).endswith(
        "Failed HTTP 500. What was read before is kept."
    )


def test_a_twin_names_and_leads_to_the_article_that_stands_for_it():
    drawn = entry_html(replace(RIVER, twin="/articles/copy.md", copies=2), NOTHING)
    assert "the same as copy.md · nearly the same as 2 others" in words(drawn)
    assert article_id("/articles/copy.md") in drawn


def test_the_filters_count_every_state_and_sum_to_all():
    drawn = listing_html(Listing((RIVER,), {"indexed": 5200, "skipped": 100, "failed": 21}), Wanted("failed"), NOTHING)
    assert "All 5,321 Indexed 5,200 Skipped 100 Failed 21" in words(drawn)
    assert re.findall(r'href="(#list-[a-z]+-0)" aria-current', drawn) == ["#list-failed-0"]


def test_pages_lead_to_their_neighbours_alone():
    states = {"indexed": 2 * LINES + 1, "skipped": 0, "failed": 0}

    def pages(page):
        drawn = listing_html(Listing((RIVER,), states), Wanted("indexed", "", page), NOTHING)
        return re.findall(r"#list-indexed-([0-9]+)\">(?:Previous|Next)", drawn), words(drawn)

    assert pages(0)[0] == ["1"]
    assert pages(1)[0] == ["0", "2"]
    assert pages(2)[0] == ["1"]
    assert "51–100 of 101" in pages(1)[1]
    assert "101–101 of 101" in pages(2)[1]


def test_a_short_list_has_no_pages():
    assert 'class="pages"' not in listing_html(Listing((RIVER,), {"indexed": LINES}), Wanted(), NOTHING)


def test_an_empty_list_says_why():
    def said(asked, listing=EMPTY):
        return words(listing_html(listing, asked, NOTHING))

    full = Listing((), {"indexed": 3, "skipped": 0, "failed": 0})
    assert "“tide” in its name, title, author or reason." in said(Wanted(like="tide"))
    assert "“tide” in its name, title, author or reason and is of Mar 2024." in said(Wanted("", "tide", 0, "2024-03"))
    assert "No source is failed." in said(Wanted("failed"), full)
    assert "No source that is failed is of the 2010s." in said(Wanted("failed", "", 0, "201"), full)
    assert "No source that is listed tells no day." in said(Wanted("", "", 0, "undated"), full)
    assert "There are no articles yet. Add an address, a folder or files above." in said(Wanted())


def test_a_link_may_name_a_period_which_the_filters_and_pages_keep():
    assert wanted("list-all-0-2024", "x") == Wanted("", "x", 0, "2024")
    assert wanted("list-failed-2-2024-03", "") == Wanted("failed", "", 2, "2024-03")
    assert [wanted(f"list-all-0-{period}", "").period for period in ("201", "undated")] == ["201", "undated"]
    states = {"indexed": LINES + 1, "skipped": 0, "failed": 1}
    drawn = listing_html(Listing((RIVER,), states), Wanted("", "", 0, "2024-03"), NOTHING)
    assert 'href="#list-failed-0-2024-03"' in drawn
    assert 'href="#list-all-1-2024-03">Next' in drawn


def test_what_is_no_period_is_no_link():
    for name in (
        "list-all-0-",
        "list-all-0-20",
        "list-all-0-2024-13",
        "list-all-0-2024-3",
        "list-all-0-never",
        "list-all-0-2024-03-1",
    ):
        assert wanted(name, "") == Wanted()
