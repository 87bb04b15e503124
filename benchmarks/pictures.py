"""The pictures and the recording in the README: the real page on the seeds, asked and clicked through.

    python -m benchmarks.pictures docs

Writes page.png, phone.png, articles.png and walk.gif. Needs Chromium, at /usr/bin/chromium or where CHROMIUM says.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

QUESTION = "What did the inquiry find about the crane barge?"
SECOND = "When did the ferry come back into service?"
DESKTOP, PHONE, RECORDED = (1400, 860), (390, 844), (1100, 690)
# Colours of the recording: text on paper needs few.
COLOURS = 64


class Recording:
    """Frames of a page, each with how long it is shown, in milliseconds."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[tuple[Image.Image, int]] = []

    def frame(self, shown: int) -> None:
        """Takes one; a frame like the one before makes that one stay longer."""
        drawn = Image.open(io.BytesIO(self._page.screenshot(type="png"))).convert("RGB")
        if self._frames and self._frames[-1][0].tobytes() == drawn.tobytes():
            before, long = self._frames.pop()
            self._frames.append((before, long + shown))
        else:
            self._frames.append((drawn, shown))

    def save(self, file: Path) -> None:
        """Writes an animated GIF that begins again."""
        palette = self._frames[-1][0].quantize(COLOURS)
        frames = [image.quantize(COLOURS, palette=palette, dither=Image.Dither.NONE) for image, _ in self._frames]
        durations = [shown for _, shown in self._frames]
        frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)


def main() -> None:
    """Serve a store of its own, take the pictures, end the server."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with served() as address, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )

        def opened(size: tuple[int, int], scale: float = 1.5, **options: object) -> Page:
            view = {"width": size[0], "height": size[1]}
            page = browser.new_page(viewport=view, device_scale_factor=scale, **options)
            page.goto(address)
            page.locator(".welcome a").first.wait_for()
            page.wait_for_timeout(800)
            return page

        page = opened(DESKTOP)
        ask(page, QUESTION)
        follow(page)
        page.screenshot(path=str(folder / "page.png"))
        phone = opened(PHONE, color_scheme="dark")
        ask(phone, QUESTION)
        phone.screenshot(path=str(folder / "phone.png"))
        page.click("#rooms a[href='#room-articles']")
        page.locator("#listing .sources").wait_for()
        page.wait_for_timeout(700)
        page.screenshot(path=str(folder / "articles.png"))
        record(opened(RECORDED, 1.0), folder / "walk.gif")
        browser.close()


@contextmanager
def served(store: str | None = None) -> Iterator[str]:
    """The address of the page over a store, or a new one of the seeds."""
    with tempfile.TemporaryDirectory() as made:
        command = [sys.executable, "app.py", "--port", "0", "--store", store or f"{made}/index"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                address = re.search(r"http://\S+", server.stdout.readline())
                assert address, "the page did not start"
                yield address[0]
            finally:
                server.terminate()


def ask(page: Page, question: str) -> None:
    """Asks, and waits for the whole answer."""
    answers = page.locator("#chat .acts").count()
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.locator("#chat .acts").nth(answers).wait_for(timeout=60_000)
    page.wait_for_timeout(600)


def follow(page: Page) -> None:
    """Opens the first number of the newest answer."""
    page.locator("#chat .message-row").last.locator(".said a.cite").first.click()
    page.locator("#reader mark.active").first.wait_for()
    page.wait_for_timeout(700)


def record(page: Page, file: Path) -> None:
    """A question typed and answered, a number looked at and followed, the next quote, and a second question."""
    shots = Recording(page)
    shots.frame(1_200)
    for end in range(6, len(QUESTION) + 6, 6):
        page.fill("#question textarea", QUESTION[:end])
        shots.frame(90)
    page.press("#question textarea", "Enter")
    for _ in range(8):
        shots.frame(120)
        page.wait_for_timeout(120)
    page.locator("#chat .acts").first.wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    shots.frame(2_200)
    page.locator("#chat .said a.cite").first.hover()
    page.wait_for_timeout(300)
    shots.frame(1_800)
    follow(page)
    shots.frame(2_200)
    if page.locator("#reader .steps a[rel=next]").count():
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(900)
        shots.frame(1_800)
    page.fill("#question textarea", SECOND)
    shots.frame(800)
    ask(page, SECOND)
    follow(page)
    shots.frame(2_800)
    shots.save(file)


if __name__ == "__main__":
    main()
