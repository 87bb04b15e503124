"""What a person does to an index by hand: files put in, an address or a folder followed, either taken out again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from index.added import files, folder
from index.embedder import Embedder
from index.errors import FootnoteError, UnreadableSource, UsageError
from index.following import Outside, add, followed_now, place_of
from index.records import article_id
from index.server import Server
from index.sources.files import is_address, lies_in
from index.sync import NOTHING_MORE, Report, sync_followed
from index.upkeep import Removal, remove

Progress = Callable[[str, int, int], None]

# What a browser would take for the address of a page.
_BARE = re.compile(r"(www\.|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(?=[/:]|$))", re.IGNORECASE)


def sync_all(
    store: Path,
    embedder: Embedder,
    progress: Progress = lambda *_: None,
    outside: Outside = NOTHING_MORE,
    server: Server | None = None,
) -> Report:
    """Brings the index up to date with what is followed, and with the files that were added."""
    _follow_added(store, outside)
    return sync_followed(store, embedder, progress, outside=outside, server=server)


def sync_added(
    store: Path,
    embedder: Embedder,
    progress: Progress = lambda *_: None,
    outside: Outside = NOTHING_MORE,
    server: Server | None = None,
) -> Report:
    """The same for the files that were added alone."""
    _follow_added(store, outside)
    place = str(folder(store))
    return sync_followed(store, embedder, progress, outside=outside, only=lambda f: f.location == place, server=server)


def follow(
    store: Path,
    location: str,
    embedder: Embedder,
    progress: Progress = lambda *_: None,
    outside: Outside = NOTHING_MORE,
    server: Server | None = None,
) -> Report:
    """Follows a file, a folder or an address, and indexes what is there.

    It is followed from the beginning, so that the next sync goes on when this one is stopped. Raises UsageError for a
    path that does not exist, and FootnoteError for an address that does not answer; then it is not followed.
    """
    wanted = location.strip()
    if not wanted:
        raise UsageError("Nothing is named", "Name the address of a page or feed, or a folder.")
    if not is_address(wanted) and not Path(wanted).expanduser().exists() and _BARE.match(wanted):
        raise UsageError(f"{wanted} does not exist here", f"For the address write https://{wanted}")
    progress("asking", 0, 0)
    place = place_of(wanted)
    places = {place}
    if place not in _followed(store, outside):
        try:
            places = {f.location for f in add(store, [wanted], "", {}, outside.networks).followed}
        except UnreadableSource as error:
            raise FootnoteError(f"{wanted} cannot be followed: {error}", error.hint) from error
    return sync_followed(store, embedder, progress, outside=outside, only=lambda f: f.location in places, server=server)


def take_out(store: Path, key: str, outside: Outside = NOTHING_MORE, server: Server | None = None) -> Removal:
    """Takes an added file out of the index and deletes it, or something that is followed, which stays where it is.

    It is named by its id, as `article_id` makes it of a location.
    Raises UsageError when there is none, and FootnoteError while another process is writing; then nothing is done.
    """
    added = next((path for path in files(store) if article_id(str(path)) == key), None)
    if added is None:
        place = next((place for place in _followed(store, outside) if article_id(place) == key), None)
        if place is None or lies_in(place, str(folder(store))):
            raise UsageError("This is not there any more, or cannot be taken out", "Look at the list again.")
        return remove(store, [place], server)
    removal = Removal((), (), ())
    with contextlib.suppress(UsageError):  # it may wait to be indexed
        removal = remove(store, [added], server)
    added.unlink(missing_ok=True)
    return Removal(removal.sources, removal.unfollowed, ())


def _follow_added(store: Path, outside: Outside) -> None:
    if files(store) and str(folder(store)) not in _followed(store, outside):
        add(store, [str(folder(store))], "", {})


def _followed(store: Path, outside: Outside) -> list[str]:
    return [followed.location for followed in followed_now(store, outside.listing)[0]]
