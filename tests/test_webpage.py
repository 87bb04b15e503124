from datetime import date

import pytest

from index.errors import NotAnArticle, UnreadableSource
from index.sources.webpage import MAX_ELEMENTS, read_webpage

PROSE = "A crane barge broke from its moorings in a strong wind on Monday and struck the wall it had come to save."
MORE = "Two workers were taken to hospital, and the ferry has been suspended until further notice, the town said."
DAY = date(2024, 8, 27)


def page(body=f"<p>{PROSE}</p><p>{MORE}</p>", head="<title>Crane strikes mole</title>", around=""):
    main = f"<main><article>{body}</article></main>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{around}{main}</body></html>"


def dated(*head, body=""):
    return read_webpage(page(body=f"{body}<p>{PROSE}</p><p>{MORE}</p>", head="".join(head))).published


def test_the_paragraphs_of_the_article_are_the_text():
    assert read_webpage(page()).text == f"{PROSE}\n\n{MORE}"


def test_what_stands_around_the_article_is_no_text():
    around = """<div class="cookie-banner"><p>We use cookies to see how our pages are read by everyone.</p></div>
    <header><nav><ul><li><a href="/harbour">Harbour</a></li><li><a href="/tides">Tides</a></li></ul></nav></header>"""
    after = """</article><section class="related"><h3>More</h3><ul><li><a href="/x">Ferry sold</a></li></ul></section>
    <section id="comments" class="comments"><p>Where am I supposed to park my boat now?</p></section></main>
    <aside><h3>Most read</h3><ol><li><a href="/m">Inn to close</a></li></ol></aside>
    <footer><p>Copyright The Packet. Terms and privacy.</p></footer><main><article>"""
    assert read_webpage(page(f"<p>{PROSE}</p><p>{MORE}</p>{after}", around=around)).text == f"{PROSE}\n\n{MORE}"


def test_what_stands_around_a_short_article_is_no_text():
    around = '<nav><a href="/">Home</a></nav>'
    assert read_webpage(
        page("<p>It fell.</p></article><aside>Most read</aside><footer>Terms</footer>", "", around)
    ).text == ("It fell.")


def test_a_page_of_links_is_no_article():
    with pytest.raises(NotAnArticle):
        read_webpage('<html><body><nav><a href="/harbour">Harbour</a></nav></body></html>')


def test_title_byline_and_date_over_the_text_are_taken_off():
    top = "<p>Harbour</p><h1>Crane strikes mole</h1><p>By INES CALLOWAY, 27 August 2024</p>"
    draft = read_webpage(page(f"{top}<p>{PROSE}</p><p>{MORE}</p>"))
    assert draft.title == "Crane strikes mole"
    assert draft.text == f"{PROSE}\n\n{MORE}"
    assert (draft.author, draft.published.day, draft.published.evidence) == ("Ines Calloway", DAY, "byline")


def test_a_heading_opens_a_section():
    draft = read_webpage(page(f"<p>{PROSE}</p><h2>The <em>wind</em></h2><p>{MORE}</p>"))
    (section,) = draft.sections
    assert section.heading == "The wind"
    assert draft.text[section.body :] == MORE


def test_a_list_a_table_and_a_quote_are_blocks_of_lines():
    body = f"""<p>{PROSE}</p><ul><li>Heron <b>ferry</b></li><li>Tern</li></ul>
    <table><tr><th>boat</th><th>fare</th></tr><tr><td>Heron</td><td>£3.40</td></tr></table>
    <blockquote><p>{MORE}</p></blockquote>"""
    assert read_webpage(page(body)).text == f"{PROSE}\n\nHeron ferry\nTern\n\nboat | fare\nHeron | £3.40\n\n{MORE}"


def test_words_of_links_and_marks_stay_in_their_sentence():
    body = f'<p>The <a href="/d"><b>Dun</b>lin</a>, a barge, struck\n the mole&nbsp;on <i>Monday</i>.</p><p>{PROSE}</p>'
    assert read_webpage(page(body)).text == f"The Dunlin, a barge, struck the mole on Monday.\n\n{PROSE}"


def test_a_line_ends_where_the_page_breaks_it_and_not_where_its_source_does():
    assert read_webpage(page(f"<p>It fell.<br>It\nsank <i>twice<br>or</i> so.</p><p>{PROSE}</p>")).text == (
        f"It fell.\nIt sank twice\nor so.\n\n{PROSE}"
    )
    assert read_webpage(page(f"It fell\nand {PROSE}<br><br>{MORE}")).text == f"It fell and {PROSE}\n{MORE}"


def test_an_item_of_a_list_keeps_its_words_apart_and_whole():
    body = f"<p>{PROSE}</p><ul><li>Her<b>on</b><i>s</i><br>and terns</li><li><p>Gulls</p><p>too</p></li></ul>"
    assert read_webpage(page(body)).text == f"{PROSE}\n\nHerons and terns\nGulls too"


def test_characters_that_no_reader_sees_are_no_text():
    assert read_webpage(page(f"<p>{PROSE.replace('wind', 'wi&#8203;&#xAD;nd')}</p><p>{MORE}</p>")).text.startswith(
        PROSE
    )


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2024-08-27T05:45:00+01:00">',
        '<meta name="DC.date.issued" content="2024-08-27">',
        '<meta itemprop="datePublished" content="27 August 2024">',
        '<meta name="parsely-pub-date" content="2024-08-27T05:45:00Z">',
    ],
)
def test_a_tag_says_when_the_article_was_published(head):
    published = dated(head)
    assert (published.day, published.evidence) == (DAY, "meta tag")


@pytest.mark.parametrize(
    "body",
    [
        '<p>By Ines Calloway <time datetime="2024-08-27">last Tuesday</time></p>',
        '<time class="updated" datetime="2024-08-30">30 August</time><time class="published">27 August 2024</time>',
    ],
)
def test_a_time_in_the_article_says_when_it_was_published(body):
    published = dated(body=body)
    assert (published.day, published.evidence) == (DAY, "byline")


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:modified_time" content="2024-08-27">',
        '<meta name="date" content="08/07/2024">',
        '<meta name="date" content="August 2024">',
        '<script type="application/ld+json">{"@type": "Organization", "datePublished": "2024-08-27"}</script>',
        '<script type="application/ld+json">{"@type": "NewsArticle", "dateModified": "2024-08-27"}</script>',
        '<script type="application/ld+json">{"@type": "NewsArticle", </script>',
        '<script type="application/ld+json">' + "[" * 50_000 + "</script>",
        "<!-- built 2024-08-27 -->",
    ],
    ids=["modified", "two days", "a month", "a firm", "json modified", "json broken", "json deep", "a comment"],
)
def test_a_page_that_does_not_say_has_no_date(head):
    assert dated(head, body='<time datetime="2024-08-28" class="updated">28 August</time>') is None


def test_the_day_of_publication_goes_before_the_day_of_a_change():
    published = dated(
        '<meta property="article:modified_time" content="2024-08-30">',
        '<meta property="article:published_time" content="2024-08-27">',
    )
    assert published.day == DAY


def test_where_tags_conflict_the_commonest_tag_is_believed():
    published = dated('<meta name="date" content="2024-08-29">', '<meta name="datePublished" content="2024-08-27">')
    assert published.day == DAY


def test_the_author_is_the_one_that_the_page_names():
    head = '<title>Crane strikes mole</title><meta name="author" content="Ines Calloway">'
    assert read_webpage(page(head=head)).author == "Ines Calloway"


def test_an_author_is_not_made_up():
    assert read_webpage(page()).author is None


@pytest.mark.parametrize(
    "text", ["", "<html><body></body></html>", "<html><body><script>var a = 1</script></body></html>"]
)
def test_a_page_without_an_article_says_so(text):
    with pytest.raises(NotAnArticle, match="no article text found in the page"):
        read_webpage(text)


def test_divs_without_end_come_to_an_end():
    deep = "<div>" * 100_000 + f"<p>{PROSE}</p>" + "</div>" * 100_000
    with pytest.raises((NotAnArticle, UnreadableSource)):
        read_webpage(f"<html><body>{deep}</body></html>")


def test_a_page_of_too_many_elements_is_refused_before_it_is_read():
    with pytest.raises(UnreadableSource, match=r"refused, because it has 100,00\d elements \(limit 100,000\)"):
        read_webpage(page("<p>a</p>" * MAX_ELEMENTS))


def test_entities_that_name_a_file_bring_nothing_in(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    assert (
        "hunter2" not in read_webpage(entity + f"<html><body><article><p>{PROSE} &x;</p></article></body></html>").text
    )
