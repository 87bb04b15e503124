from training.things import things, words


def found(text):
    return [(t.text, t.kind) for t in things(text)]


def test_names_years_months_and_numbers_are_told_apart():
    assert found("Maria Linde sold 12 boats in May 1934, for 1,200 crowns.") == [
        ("Maria Linde", "name"), ("12", "number"), ("May", "month"), ("1934", "year"), ("1,200", "number"),
    ]  # fmt: skip


def test_a_word_that_opens_a_sentence_is_no_name():
    assert found("However, it rained. Boats sank near Gull Island.") == [("Gull Island", "name")]


def test_an_article_is_no_part_of_a_name():
    assert found("The Normans came.") == [("Normans", "name")]


def test_a_thing_stands_where_it_says():
    text = "In 1934 the Baltic froze. The Volga did not."
    assert all(text[t.start : t.end] == t.text for t in things(text))


def test_words_have_the_kind_of_their_ending():
    assert [(w.text, w.kind) for w in words("the painted boats were sinking from Oslo")] == [
        ("painted", "-ed"), ("boats", "-s"), ("sinking", "-ing"),
    ]  # fmt: skip


def test_a_name_is_without_its_genitive():
    assert found("It was Ada's boat and the Lindes’ ferry.") == [("Ada", "name"), ("Lindes", "name")]
