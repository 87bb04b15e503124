"""The doors by which the page sends files: PUT /articles/files/<name>, with the bytes of the file as the body.

A question set comes by PUT /evals/sets/<name>.

They are for the page alone, whose guard lets no other site through. Gradio has a door for uploads too, which stays
shut: it takes any file, and keeps it where nothing looks. What is refused is told as the page has it told.

Annotations are not kept as texts here: FastAPI reads them, and its classes are imported inside the functions.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from index.added import Arriving, Kept, TooLarge, arriving, harmless, too_large
from index.errors import FootnoteError
from index.sources.reading import MAX_BYTES
from rag.doors.faults import Fault, encoded, fault_of

if TYPE_CHECKING:
    from fastapi import APIRouter
    from fastapi.responses import Response

FILES, SETS = "/articles/files/", "/evals/sets/"
DOORS = (FILES, SETS)
# Bytes of a question set.
MOST_SET = 5_000_000
# Bytes that are written together, and seconds in which some must come.
PORTION = 1 << 20
PATIENCE = 30.0

# How a fault is told to whoever reads it, and in which language that is.
Told = Callable[[Fault], tuple[Fault, str]]


class Late(FootnoteError):
    """A file stopped to arrive."""


def in_english(fault: Fault) -> tuple[Fault, str]:
    """As it was said."""
    return fault, "en"


def router(store: Path, most: int = MAX_BYTES, patience: float = PATIENCE, told: Told = in_english) -> "APIRouter":
    """The door to the added files of a store, for files of at most `most` bytes."""
    from fastapi import APIRouter, Request
    from fastapi.responses import Response
    from starlette.requests import ClientDisconnect

    routes = APIRouter()

    @routes.put(FILES + "{name:path}", response_model=None)
    async def put(name: str, request: Request) -> Response:
        """Keeps the file, or says in one sentence why not."""
        try:
            expected = request.headers.get("content-length", "")
            if expected.isdecimal() and int(expected[:18]) > most:
                raise too_large(harmless(name), most)
            with arriving(store, name, most) as file:
                kept = await _kept(file, request.stream(), patience)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Exception as error:
            return _told(_fault(error), request.url.path, told)
        said = encoded({"name": kept.path.name, "new": kept.new})
        return Response(said, 201 if kept.new else 200, media_type="application/json")

    return routes


def sets(
    keep: Callable[[str, bytes], object], most: int = MOST_SET, patience: float = PATIENCE, told: Told = in_english
) -> "APIRouter":
    """The door for question sets of at most `most` bytes, which are kept by their name."""
    from fastapi import APIRouter, Request
    from fastapi.responses import Response
    from starlette.requests import ClientDisconnect

    routes = APIRouter()

    @routes.put(SETS + "{name:path}", response_model=None)
    async def put(name: str, request: Request) -> Response:
        """Keeps the set, or says in one sentence why not."""
        try:
            data = bytearray()
            async for portion in _portions(request.stream(), patience):
                data += portion
                if len(data) > most:
                    raise TooLarge(f"{name} is larger than {most // 1_000_000:,} MB", "Make several sets of it.")
            await asyncio.to_thread(keep, name, bytes(data))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Exception as error:
            return _told(_fault(error), request.url.path, told)
        return Response(encoded({"name": name, "new": True}), 201, media_type="application/json")

    return routes


async def _kept(file: Arriving, body: AsyncIterator[bytes], patience: float) -> Kept:
    """The whole body, in the file and in its place. Other requests are answered meanwhile."""
    waiting = bytearray()
    async for data in _portions(body, patience):
        waiting += data
        if len(waiting) >= PORTION:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    if waiting:
        await asyncio.to_thread(file.write, bytes(waiting))
    return await asyncio.to_thread(file.keep)


async def _portions(body: AsyncIterator[bytes], patience: float) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Late where nothing does for too long."""
    while True:
        try:
            async with asyncio.timeout(patience):
                data = await anext(body, None)
        except TimeoutError as error:
            raise Late("The file did not arrive in time.", "Send it again.") from error
        if data is None:
            return
        yield data


def _fault(error: Exception) -> Fault:
    if isinstance(error, Late):
        return Fault(408, str(error), error.hint)
    if isinstance(error, TooLarge):
        return Fault(413, f"{error}.", error.hint)
    return fault_of(error)


def _told(fault: Fault, path: str, told: Told) -> "Response":
    from fastapi.responses import Response

    fault, language = told(fault)
    # What is left of the body is not read, so the connection cannot be used again.
    headers = {**fault.headers, "connection": "close", "content-language": language}
    return Response(encoded(fault.told(path)), fault.status, headers, "application/json")
