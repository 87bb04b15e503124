import quopri

import pytest

from index.errors import NotAnArticle, UnreadableSource
from index.sources.mhtml import read_mhtml

PROSE = "A crane barge broke from its moorings in a strong wind on Monday and struck the wall it had come to save."
MORE = "Two workers were taken to hospital, and the ferry has been suspended until further notice – “for now”."
URL = "https://packet.example/2024/08/27/crane"
BOUNDARY = "----MultipartBoundary--a1b2c3----"


def page(*paragraphs, head="<title>Crane strikes mole</title>"):
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<!DOCTYPE html><html><head>{head}</head><body><article>{body}</article></body></html>"


def part(text, kind="text/html", more=f"Content-Location: {URL}\n", charset="utf-8"):
    quoted = quopri.encodestring(text.encode(charset)).decode("ascii")
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: quoted-printable\n{more}\n{quoted}\n"


def mhtml(*parts, head=f"Snapshot-Content-Location: {URL}\n", start=""):
    """What Chrome saves."""
    top = f"""From: <Saved by Blink>
{head}Subject: =?utf-8?Q?Crane=20strikes=20mole?=
Date: Wed, 28 Aug 2024 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/related;
\ttype="text/html";{start}
\tboundary="{BOUNDARY}"

"""
    text = top + "".join(f"--{BOUNDARY}\n{each}" for each in parts) + f"--{BOUNDARY}--\n"
    return text.replace("\n", "\r\n").encode()


def read(*parts, **more):
    return read_mhtml(mhtml(*parts, **more), "x.mhtml")


def test_the_article_of_the_page_is_the_text_and_where_it_was_saved_from_its_address():
    image = part("abc", "image/png")
    draft = read(part(page(PROSE, MORE)), image)
    assert (draft.title, draft.text, draft.url) == ("Crane strikes mole", f"{PROSE}\n\n{MORE}", URL)


def test_the_day_of_the_saving_is_not_that_of_the_article():
    assert read(part(page(PROSE, MORE))).published is None
    head = '<meta property="article:published_time" content="2024-08-27T05:45:00Z">'
    assert read(part(page(PROSE, MORE, head=head))).published.evidence == "meta tag"


def test_a_page_without_a_title_takes_that_of_the_header():
    assert read(part(page(PROSE, MORE, head=""))).title == "Crane strikes mole"


def test_the_pages_in_its_frames_are_left_out():
    frame = part(page("Buy a boat now. " * 10, MORE), more="Content-ID: <frame@mhtml.blink>\n")
    assert PROSE in read(part(page(PROSE, MORE)), frame).text
    main = part(page(PROSE, MORE), more="Content-ID: <main>\n")
    assert PROSE in read(frame, main, start='\n\tstart="<main>";').text


@pytest.mark.parametrize(("kind", "charset"), [("text/html", "utf-8"), ('text/html; charset="windows-1252"', "cp1252")])
def test_the_page_is_read_in_its_character_set(kind, charset):
    assert MORE in read(part(page(PROSE, MORE), kind, charset=charset), head="").text


@pytest.mark.parametrize("link", ["file:///C:/page.htm", "cid:frame@mhtml.blink", "https://x.example/" + "a" * 3000])
def test_what_is_no_address_of_a_page_is_left_out(link):
    more = f"Content-Location: {link}\n"
    assert read(part(page(PROSE, MORE), more=more), head=f"Snapshot-{more}").url == ""
    assert read(part(page(PROSE, MORE)), head=f"Snapshot-{more}").url == URL


def test_an_archive_without_a_page_is_damaged():
    for data in (b"", b"The mole fell.", mhtml(part("abc", "image/png"))):
        with pytest.raises(UnreadableSource, match="damaged saved page: there is no page in it"):
            read_mhtml(data, "x.mhtml")


def test_a_page_without_an_article_is_none():
    with pytest.raises(NotAnArticle, match="no article text found in the page"):
        read(part("<html><body></body></html>"))
