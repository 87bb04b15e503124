"""The tables of the catalog, and how a catalog of an earlier version gets them."""

from __future__ import annotations

# Version 4 has the tables of version 3. What wrote those would leave pages without checksums.
VERSION = 6

FULL_TEXT = """CREATE VIRTUAL TABLE passages_text USING fts5 (
  title, heading, body, tokenize = 'porter unicode61 remove_diacritics 2')"""

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '0');
CREATE TABLE followed (location TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE articles (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL, revision TEXT NOT NULL, recipe TEXT NOT NULL, live INTEGER NOT NULL,
  source TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, author TEXT, published TEXT, published_from TEXT,
  fetched TEXT NOT NULL, language TEXT, pages TEXT NOT NULL, sections TEXT NOT NULL
);
CREATE UNIQUE INDEX one_live_revision ON articles (id) WHERE live;
CREATE INDEX articles_of_source ON articles (source);
CREATE TABLE passages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again: a segment still holds it when the passage is gone
  article INTEGER NOT NULL REFERENCES articles (number) ON DELETE CASCADE,
  id TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, heading TEXT NOT NULL, page INTEGER,
  vector TEXT NOT NULL,          -- key in vectors
  segment INTEGER REFERENCES segments (number)
);
CREATE INDEX passages_of_article ON passages (article);
CREATE INDEX passages_of_segment ON passages (segment);
CREATE INDEX passages_of_vector ON passages (vector);
CREATE TABLE vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE segments (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL, checksums TEXT NOT NULL)
"""

_COLUMNS = """
  source TEXT PRIMARY KEY,
  digest TEXT NOT NULL,          -- of the bytes that were read; '' when they could not be
  state TEXT NOT NULL CHECK (state IN ('indexed', 'skipped', 'failed', 'opened')),
  reason TEXT NOT NULL,
  readers TEXT NOT NULL,         -- version of the code that turned the bytes into an article
  part_of TEXT NOT NULL,         -- the opened source that it was found in, or ''
  twin TEXT NOT NULL,            -- the source whose article says the same and stands for this one, or ''
  memo TEXT NOT NULL,            -- JSON: what the source remembers for itself
  seen TEXT NOT NULL             -- when it ended like this, ISO 8601
"""

# A catalog of version 1 is brought up to date by these. Its sources move into the wider table.
_SECOND = f"""
CREATE TABLE sources ({_COLUMNS}) WITHOUT ROWID;
CREATE INDEX twins ON sources (twin) WHERE twin <> '';
-- Each source that the last run changed, as it was before; without a digest when it was not known.
CREATE TABLE sources_before (source TEXT PRIMARY KEY, row TEXT) WITHOUT ROWID;
-- A retired article was live until the last run; a staged one is neither live nor retired.
ALTER TABLE articles ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN modified TEXT;
ALTER TABLE articles ADD COLUMN url TEXT;
ALTER TABLE articles ADD COLUMN says TEXT NOT NULL DEFAULT '';
ALTER TABLE articles ADD COLUMN signature BLOB NOT NULL DEFAULT x'';
ALTER TABLE articles ADD COLUMN voice TEXT NOT NULL DEFAULT '';
CREATE INDEX articles_not_live ON articles (retired) WHERE NOT live;
CREATE INDEX articles_saying ON articles (says);
CREATE INDEX articles_of_voice ON articles (voice) WHERE voice <> '';
CREATE TABLE bands (
  band INTEGER NOT NULL, article INTEGER NOT NULL REFERENCES articles (number) ON DELETE CASCADE,
  PRIMARY KEY (band, article)) WITHOUT ROWID;
CREATE INDEX bands_of_article ON bands (article);
CREATE TABLE near_copies (
  one INTEGER NOT NULL REFERENCES articles (number) ON DELETE CASCADE,
  other INTEGER NOT NULL REFERENCES articles (number) ON DELETE CASCADE,
  PRIMARY KEY (one, other)) WITHOUT ROWID;
CREATE INDEX near_copies_of_other ON near_copies (other);
ALTER TABLE followed ADD COLUMN kind TEXT NOT NULL DEFAULT 'files';
ALTER TABLE followed ADD COLUMN options TEXT NOT NULL DEFAULT '{{}}';
ALTER TABLE followed ADD COLUMN listed INTEGER NOT NULL DEFAULT 0
"""

_THIRD = (
    "ALTER TABLE articles ADD COLUMN publisher TEXT",
    # What questions name articles by: with nothing else to read, for a row holds the whole text before them.
    "CREATE INDEX articles_named ON articles (live, publisher, author, published)",
)

_FIFTH = (
    "DROP INDEX articles_named",
    "CREATE INDEX articles_named ON articles (live, publisher, author, published, source)",
    # What the ledger is searched for, likewise.
    "DROP INDEX articles_of_source",
    "CREATE INDEX articles_of_source ON articles (source, live, title, author, url)",
)

# What appeared in some days, among years of articles. With all that a filter asks, as it is chosen wherever days are.
_SIXTH = ("CREATE INDEX articles_of_day ON articles (live, published, publisher, author, source)",)

_FROM_FIRST = """
ALTER TABLE sources RENAME TO sources_of_first;
SECOND;
INSERT INTO sources SELECT source, digest, state, reason, readers, '', '', '{}', '' FROM sources_of_first;
DROP TABLE sources_of_first
"""


def statements(version: int) -> list[str]:
    """What makes the tables of a file of that version those of VERSION; 0 is a new file."""
    later = [*(_THIRD if version < 3 else ()), *(_FIFTH if version < 5 else ()), *_SIXTH]
    if version == 0:
        return [*_split(_FIRST), FULL_TEXT, *_split(_SECOND), *later]
    if version == 1:
        return [*_split(_FROM_FIRST.replace("SECOND", _SECOND.strip())), *later]
    return later


def _split(script: str) -> list[str]:
    return [statement for statement in script.split(";\n") if statement.strip()]
