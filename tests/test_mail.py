import base64
import time
from datetime import date

import pytest

from index.errors import NotAnArticle, UnreadableSource
from index.sources.mail import read_mail

PROSE = "A crane barge broke from its moorings in a strong wind on Monday."
MORE = "Two workers were taken to hospital."
HEAD = """From: Ines Calloway <ines@packet.example>
To: Tom Reed <tom@packet.example>
Subject: Crane strikes mole
Date: Tue, 27 Aug 2024 23:45:00 +0100
MIME-Version: 1.0
"""


def mail(body=f"\n{PROSE}\n\n{MORE}\n", head=HEAD):
    return (head + body).replace("\n", "\r\n").encode()


def read(*given, **more):
    return read_mail(mail(*given, **more), "x.eml")


def part(kind, body, more=""):
    return f"Content-Type: {kind}\n{more}\n{body}\n"


def multi(kind, *parts, boundary="000000000000b1a2"):
    joined = "".join(f"--{boundary}\n{each}" for each in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{joined}--{boundary}--\n'


def test_the_text_is_that_of_the_mail_and_the_header_says_whose_it_is():
    draft = read()
    assert (draft.title, draft.author, draft.text.strip()) == (
        "Crane strikes mole",
        "Ines Calloway",
        f"{PROSE}\n\n{MORE}",
    )
    assert (draft.published.day, draft.published.evidence) == (date(2024, 8, 27), "mail header")


def test_lines_that_were_broken_for_the_mail_are_joined():
    wrapped = f"""
{PROSE} The
mole has stood on this spot since 1904, and the town has no plans for
a new one before the winter of this year, as the harbour master said.
"""
    assert "The mole has stood" in read(wrapped).text


def test_gmail_sends_the_same_text_twice_and_the_plain_one_is_read():
    plain = part('text/plain; charset="UTF-8"', f"*Dear* all,\n\n{PROSE}")
    page = part('text/html; charset="UTF-8"', f'<div dir="ltr"><b>Dear</b> all,<div><br></div>{PROSE}</div>')
    assert read(multi("alternative", plain, page)).text.strip() == f"*Dear* all,\n\n{PROSE}"


def test_the_page_is_read_where_the_plain_text_says_less():
    plain = part("text/plain", "Open this in your browser.")
    page = part("text/html", f"<h1>The wind</h1><p>{PROSE}</p><ul><li>Heron</li><li>Tern</li></ul>")
    draft = read(multi("alternative", plain, page))
    assert draft.text == f"The wind\n\n{PROSE}\n\nHeron\nTern"
    assert [section.heading for section in draft.sections] == ["The wind"]


def test_a_page_from_outlook_is_read_in_its_character_set():
    page = f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {{}}</style></head>
    <body lang=3DEN-GB><div class=3DWordSection1><p class=3DMsoNormal>=93Dear all=94 =85<o:p></o:p></p>
    <p class=3DMsoNormal><o:p>&nbsp;</o:p></p><p class=3DMsoNormal>{PROSE[:40]}=
{PROSE[40:]}</p></div></body></html>"""
    body = part('text/html; charset="Windows-1252"', page, "Content-Transfer-Encoding: quoted-printable\n")
    assert read(body).text == f"“Dear all” …\n\n{PROSE}"


@pytest.mark.parametrize("charset", ["", '; charset="utf-8"', '; charset="no-such-set"', '; charset="us-ascii"'])
def test_a_character_set_that_is_missing_or_wrong_is_found_out(charset):
    text = base64.encodebytes("Es fiel in der Nacht, sagte Jörg Müller, über die Brücke.".encode()).decode()
    body = part(f"text/plain{charset}", text, "Content-Transfer-Encoding: base64\n")
    assert "Jörg Müller, über" in read(body).text


def test_what_is_attached_is_left_out():
    file = part("text/plain; name=a.txt", "Not this.", 'Content-Disposition: attachment; filename="a.txt"\n')
    forwarded = part("message/rfc822", mail("\nNor this.\n").decode().replace("\r", ""))
    inner = multi("alternative", part("text/plain", PROSE), boundary="i")
    assert read(multi("mixed", inner, file, forwarded)).text.strip() == PROSE


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("=?utf-8?B?w5xiZXI=?= =?utf-8?Q?_alles?=", "Über alles"),
        ("=?iso-8859-1?Q?caf=E9?= sinks", "café sinks"),
        ("Crane\n strikes mole", "Crane strikes mole"),
        ("Müller sinkt", "Müller sinkt"),
        ("=?no-such-set?Q?a?= b", "=?no-such-set?Q?a?= b"),
        ("", ""),
    ],
)
def test_a_subject_is_read_however_it_is_written(header, said):
    assert read(head=f"From: a@b.example\nSubject: {header}\n").title == said


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        ("=?utf-8?Q?J=C3=B6rg?= Reed <j@packet.example>", "Jörg Reed"),
        ('"Reed, Tom" <t@packet.example>, Ines Calloway <i@packet.example>', "Reed, Tom, Ines Calloway"),
        ("ines@packet.example", None),
        ('"ines@packet.example" <ines@packet.example>', None),
        ("(" * 5000, None),
        ("", None),
    ],
)
def test_the_author_is_the_name_and_not_the_address(sender, author):
    assert read(head=f"From: {sender}\nSubject: x\n").author == author


@pytest.mark.parametrize("said", ["", "yesterday", "Tue, 99 Aug 2024 10:00:00 +0000", "Tue, 27 Aug 99999999 10:00"])
def test_a_date_that_is_none_is_left_out(said):
    assert read(head=f"From: a@b.example\nDate: {said}\n").published is None


def test_a_mail_without_text_is_no_article():
    with pytest.raises(NotAnArticle, match="no text in it"):
        read(part("image/png", "iVBORw0KGgo=", "Content-Transfer-Encoding: base64\n"))


@pytest.mark.parametrize(
    "body",
    [
        part("application/pkcs7-mime; smime-type=enveloped-data", "MIIB"),
        multi("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x")),
    ],
)
def test_an_encrypted_mail_says_so(body):
    with pytest.raises(UnreadableSource, match="encrypted"):
        read(body)


def test_what_has_no_header_is_damaged():
    for data in (b"", b"The mole fell.", b"\r\n\r\nThe mole fell.", b"%PDF-1.7"):
        with pytest.raises(UnreadableSource, match="damaged mail: it has no header"):
            read_mail(data, "x.eml")


def test_a_mail_of_parts_without_end_is_refused():
    with pytest.raises(UnreadableSource, match=r"refused, because it has 6,001 parts \(limit 5,000\)"):
        read(multi("mixed", *["\nx\n"] * 6000))


def test_a_header_without_end_takes_no_time():
    start = time.perf_counter()
    read(head=f"From: a@b.example\nContent-Type: text/plain{'; a=b' * 20_000}\n")
    assert time.perf_counter() - start < 2
