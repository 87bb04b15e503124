"""One article under two names: what becomes of the other name when the article goes that stands for both.

The twin of a source has a live article that says the same, always. So whatever takes that article away first gives its
text to the sources it stood for, in the same publication. They are read again by the next run that sees them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.catalog import Catalog
from index.errors import DamagedIndex
from index.ledger import Outcome
from index.records import Article, article_id


@dataclass(frozen=True, slots=True)
class Heirs:
    """What is to be published along: (source that loses it, its article under the name of an heir), and outcomes."""

    articles: tuple[tuple[str, Article], ...]
    outcomes: tuple[Outcome, ...]

    def among(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes, with those of the heirs in place of their own."""
        new = {outcome.source for outcome in self.outcomes}
        return [*(outcome for outcome in outcomes if outcome.source not in new), *self.outcomes]


def heirs(catalog: Catalog, outcomes: Sequence[Outcome], gone: Sequence[str]) -> Heirs:
    """Who is left without an article by what is staged, these outcomes and what is gone.

    The first of them gets the text under its own name and stands for the others, unless another says the same already.
    """
    ending = catalog.ending(outcomes, gone)
    settled = {*gone, *(outcome.source for outcome in outcomes)}
    left = [outcome for outcome in catalog.twins(ending) if outcome.source not in settled]
    left += [outcome for outcome in outcomes if outcome.twin in ending]
    stands: dict[str, str] = {}
    articles, changed = [], []
    for outcome in left:
        says = ending[outcome.twin]
        twin = stands.get(says) or catalog.standing(says, ending)
        if twin is None:
            articles += _renamed(catalog, outcome.twin, outcome.source)
            changed.append(replace(outcome, digest="", twin=""))
            stands[says] = outcome.source
        elif twin != outcome.twin:
            changed.append(replace(outcome, twin=twin))
    return Heirs(tuple(articles), tuple(changed))


def _renamed(catalog: Catalog, source: str, heir: str) -> list[tuple[str, Article]]:
    """The article of a source under another name; none when it is damaged, for a copy would hide that."""
    with contextlib.suppress(DamagedIndex):
        article = catalog.live_article(article_id(source))
        if article:
            return [(source, replace(article, id=article_id(heir), source=heir))]
    return []
