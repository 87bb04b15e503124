import random

import pytest

from index.errors import UsageError
from training.rewording import Synonyms, reworded

# (kind, its number in keys, its letter, synsets: their words, the first sense of each of which they are)
SYNSETS = {
    "verb": [["finish", "complete"], ["build", "construct"], ["carry", "transport"], ["stop", "halt"], ["find"]],
    "noun": [["mole", "breakwater"], ["city", "metropolis"], ["week", "hebdomad"], ["repair", "fixing"]],
    "adj": [["big", "large"], ["complete"]],
}
# How often a word is used in its first sense, where that is not 9.
USED = {("hebdomad", "noun"): 0, ("complete", "adj"): 20, ("repair", "noun"): 2}
NUMBERS = {"noun": "1", "verb": "2", "adj": "3"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A WordNet of a few words, in its own form."""
    folder = tmp_path_factory.mktemp("wordnet")
    counts = []
    for kind, synsets in SYNSETS.items():
        data, index = ["  1 a licence\n"], ["  1 a licence\n"]
        for offset, said in enumerate(synsets, 1):
            data.append(f"{offset:08} 30 {kind[0]} {len(said):02x} {' '.join(f'{word} 0' for word in said)} 000 | so\n")
            index += [f"{word} {kind[0]} 1 2 @ ~ 1 0 {offset:08}  \n" for word in said]
            counts += [
                f"{word}%{NUMBERS[kind]}:30:00:: 1 {USED.get((word, kind), 9)}\n"
                for word in said
                if USED.get((word, kind), 9)
            ]
        (folder / f"data.{kind}").write_text("".join(data))
        (folder / f"index.{kind}").write_text("".join(index))
    (folder / "cntlist.rev").write_text("".join(counts))
    (folder / "verb.exc").write_text("built build\nfound find\n")
    return folder


@pytest.fixture(scope="module")
def synonyms(folder):
    return Synonyms(folder)


@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("mole", ["breakwater"]),
        ("moles", ["breakwaters"]),
        ("cities", ["metropolises"]),
        ("finish", ["complete"]),
        ("finished", ["completed"]),
        ("finishing", ["completing"]),
        ("completed", ["finished"]),
        ("transported", ["carried"]),
        ("transports", ["carries"]),
        ("building", ["constructing"]),
        ("large", ["big"]),
        # Mostly an adjective, so it is no verb unless its ending says so.
        ("complete", []),
        # Its past is no rule; a consonant would be doubled.
        ("constructed", []),
        ("halted", []),
        # No one says so.
        ("week", []),
        ("gull", []),
    ],
)
def test_a_synonym_takes_the_form_of_the_word(synonyms, word, others):
    assert synonyms.of(word) == others


def test_words_that_the_passage_has_are_exchanged_and_no_others(synonyms):
    draw = random.Random(3)
    made = {
        reworded("Who finished the mole in the large city?", "The city completes it; finished moles.", synonyms, draw)
        for _ in range(400)
    }
    assert "Who completed the breakwater in the large metropolis?" in made
    assert "Who finished the mole in the large city?" in made
    assert not any("big" in text for text in made)


def test_names_are_left_alone(synonyms):
    assert reworded("Who lives in Mole City?", "Mole City is a city.", synonyms, random.Random(1)) == (
        "Who lives in Mole City?"
    )


def test_a_folder_that_is_no_wordnet_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="is no WordNet"):
        Synonyms(tmp_path)
    (tmp_path / "index.noun").write_text("mole n\n")
    with pytest.raises(UsageError, match="is no WordNet"):
        Synonyms(tmp_path)
