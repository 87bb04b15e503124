"""How long a reader waits for the page: until it can be used, and from a question to its stages and its answer.

    python -m benchmarks.interactive [--store DIR] [--times 20] [--question "..."]

Starts the page over the store (of the seeds, where none is given) and drives it in Chromium. A page can be used when a
question that is typed is there and its buttons do something; a question is timed from Enter until each thing is drawn.
"What was searched" is drawn when retrieval is done, so "answer after it" is the time to the first text after retrieval.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.pictures import QUESTION, served

# Drawn by the browser itself, so that no round trip of the measurement is counted: when each was first seen.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    const now = performance.now(), rows = document.querySelectorAll("#chat .bot-row");
    const last = rows[rows.length - 1];
    if (!last || !window.began) return;
    const note = (name, yes) => { if (yes && !(name in window.seen)) window.seen[name] = now - window.began; };
    note("waiting", last.querySelector(".waiting"));
    note("searched", last.querySelector(".waiting")?.textContent.startsWith("Searched"));
    note("answer", last.querySelector(".said, .refusal"));
    note("whole", last.querySelector(".acts"));
  };
  const all = { childList: true, subtree: true, characterData: true };
  new MutationObserver(look).observe(document.querySelector("#chat"), all);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    window.seen = {};
    window.began = performance.now();
  }, true);
}"""


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interactive")
    parser.add_argument("--store", help="folder of an index (default: a new one of the seeds)")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--question", default=QUESTION)
    options = parser.parse_args()
    with served(options.store) as address, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        opened = [usable(browser, address) for _ in range(options.times)]
        told("page can be used", opened)
        page = browser.new_page()
        page.goto(address)
        page.locator("#question textarea").wait_for()
        page.evaluate(WATCH)
        asked(page, options.question)  # the models are loaded by then
        rounds = [asked(page, options.question) for _ in range(options.times)]
        for name in ("waiting", "searched", "answer", "whole"):
            told(f"Enter to {name}", [seen[name] / 1000 for seen in rounds if name in seen])
        behind = [
            (seen["answer"] - seen["searched"]) / 1000 for seen in rounds if {"answer", "searched"} <= seen.keys()
        ]
        told("answer after it was searched", behind)
        browser.close()


def usable(browser: Browser, address: str) -> float:
    """Seconds from asking for the page in a new context until its script runs and the box takes text."""
    context = browser.new_context()
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.footnote && document.querySelector('#question textarea')", polling=10)
    page.fill("#question textarea", "x")
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def asked(page: Page, question: str) -> dict[str, float]:
    """Milliseconds from Enter until each thing was drawn; each question in a conversation of its own."""
    page.click("#anew")
    page.wait_for_timeout(400)
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.wait_for_function("window.seen.whole", timeout=60_000)
    return dict(page.evaluate("window.seen"))


def told(name: str, seconds: list[float]) -> None:
    """One line: p50 and p95 of so many."""
    if not seconds:
        print(f"{name:32} not seen")
        return
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    print(f"{name:32} p50 {statistics.median(ordered) * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms   n {len(ordered)}")


if __name__ == "__main__":
    main()
