import codecs

import pytest

from index.errors import NotAnArticle
from index.sources.decoding import cleaned, text_of

QUOTED = "“The mole fell,” said Morag – it’s £5 dearer. Café über alles, naïve."


@pytest.mark.parametrize(
    "data",
    [
        QUOTED.encode(),
        codecs.BOM_UTF8 + QUOTED.encode(),
        codecs.BOM_UTF16_LE + QUOTED.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + QUOTED.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + QUOTED.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + QUOTED.encode("utf-32-be"),
        QUOTED.encode("utf-16-le"),
        QUOTED.encode("utf-16-be"),
        QUOTED.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8 mark", "16-le mark", "16-be mark", "32-le mark", "32-be mark", "16-le", "16-be", "cp1252"],
)
def test_the_same_words_in_any_encoding_are_the_same_text(data):
    assert text_of(data) == QUOTED


def test_latin_1_is_read_without_being_told():
    text = "Die Fähre fährt über den Fluß nach Süden, sagte der Kapitän."
    assert text_of(text.encode("latin-1")) == text


def test_french_with_curly_apostrophes_is_not_taken_for_an_old_mac():
    text = "Le café était fermé, dit-elle. L’été dernier, on y allait à pied."
    assert text_of(text.encode("cp1252")) == text


def test_four_bytes_of_latin_1_are_a_word_and_not_two_wide_characters():
    assert text_of("Café".encode("latin-1")) == "Café"


def test_other_alphabets_are_told_apart():
    text = "Паром через реку снова ходит, сказала капитан. Причал починили, и школьники больше не опаздывают на уроки."
    assert text_of(text.encode("cp1251")) == text


def test_a_page_is_read_in_the_character_set_that_it_declares():
    page = '<html><head><meta charset="iso-8859-2"></head><body>Łódź żółć</body></html>'
    assert text_of(page.encode("iso-8859-2"), markup=True) == page


def test_a_page_that_declares_latin_1_is_read_as_browsers_read_it():
    page = '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>“It’s shut,” she said.</p>'
    assert text_of(page.encode("cp1252"), markup=True) == page


def test_a_character_set_that_does_not_exist_is_no_obstacle():
    assert text_of('<meta charset="klingon"><p>Café</p>'.encode("cp1252"), markup=True).endswith("<p>Café</p>")


def test_a_declaration_is_not_believed_against_valid_utf_8():
    assert "Café" in text_of('<meta charset="iso-8859-2"><p>Café</p>'.encode(), markup=True)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + b"tEXt" * 50,
        b"PK\x03\x04" + b"word" * 50,
        b"\xff\xd8\xff\xe0JFIF" * 9,
        b"\x00" * 5000,
        bytes(range(256)) * 20,
    ],
    ids=["png", "zip", "jpeg", "only NULs", "all bytes"],
)
def test_bytes_that_are_no_text_are_no_article(data):
    with pytest.raises(NotAnArticle, match="not text"):
        text_of(data)


def test_a_few_control_characters_are_taken_out_of_a_text():
    assert text_of(b"The mole\x00 fell\x07 in August and was rebuilt by May.\x1a") == (
        "The mole fell in August and was rebuilt by May."
    )


def test_bytes_that_break_utf_16_are_shown_as_replaced():
    assert text_of(codecs.BOM_UTF16_LE + "mole".encode("utf-16-le") + b"\x00\xd8") == "mole\ufffd"


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u200f", "\U000e0041", "\x00", "\x9d"],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_characters_that_no_reader_sees_do_not_split_a_word(hidden):
    assert cleaned(f"Mer{hidden}rowick") == "Merrowick"


def test_joiners_stay_where_scripts_and_emoji_need_them():
    assert cleaned("می\u200cخواهم") == "می\u200cخواهم"
    assert cleaned("👩\u200d🚒") == "👩\u200d🚒"


def test_letters_with_loose_accents_become_one_character():
    assert cleaned("Cafe\u0301") == "Café"


def test_half_a_character_is_shown_as_replaced():
    assert cleaned("mole\ud83d.") == "mole\ufffd."


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\x0b", "\x0c", "\x85"], ids=ascii)
def test_every_kind_of_line_end_is_one_line_end(end):
    assert cleaned(f"one{end}two") == "one\ntwo"
