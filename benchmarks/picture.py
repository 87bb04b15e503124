"""The picture in the README: the real page on the seeds, a question asked and its first number followed.

    python -m benchmarks.picture docs/page.png [--dark] [--phone] [--question "..."]

Needs Chromium, at /usr/bin/chromium or where CHROMIUM says.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

QUESTION = "What did the inquiry find about the crane barge?"


def main() -> None:
    """Serve a store of its own, take the picture, end the server."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.picture")
    parser.add_argument("file", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--question", default=QUESTION)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, "app.py", "--port", "0", "--store", f"{store}/index"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                address = re.search(r"http://\S+", server.stdout.readline())
                assert address, "the page did not start"
                _take(address[0], options)
            finally:
                server.terminate()


def _take(address: str, options: argparse.Namespace) -> None:
    size = {"width": 390, "height": 844} if options.phone else {"width": 1400, "height": 860}
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport=size, device_scale_factor=1.5, color_scheme="dark" if options.dark else "light"
        )
        page.goto(address)
        _ask(page, options.question)
        page.screenshot(path=str(options.file))
        browser.close()


def _ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()
    page.locator("#chat .answer").first.wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    number = page.locator("#chat a.cite, #chat a.near").first
    if number.count():
        number.click()
        page.locator("#reader mark.active").first.wait_for()
    page.wait_for_timeout(700)


if __name__ == "__main__":
    main()
