import contextlib

from conftest import Shelf

from index.borders import passages_of, sources_of, standing
from index.catalog import Catalog
from index.sync import sync

LONG = "The harbour of Merrowick lies behind a wall of stone that was built a long time ago by nine men. " * 3


def test_passages_are_told_with_their_borders_and_their_source(store, indexed, shelf):
    with contextlib.closing(Catalog(store)) as catalog:
        found = passages_of(catalog, "ferry")
        (number,) = found
        assert found == {number: (0, len(shelf.texts["ferry"]))}
        assert sources_of(catalog, [number, 99]) == {number: "ferry"}
        assert passages_of(catalog, "nowhere") == {}


def test_an_article_that_says_the_same_stands_for_another(store, embedder):
    sync(store, [Shelf(one=LONG, two=LONG)], embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        assert {standing(catalog, "one"), standing(catalog, "two")} == {"one"}
        assert standing(catalog, "nowhere") == "nowhere"
