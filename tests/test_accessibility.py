"""What axe-core finds in each room against WCAG 2.2 AA: nothing, on a desktop and a phone, in light and dark."""

from types import SimpleNamespace

import pytest
from scripted_page import (
    PAYLOADS,
    Scripted,
    Shelved,
    Syncing,
    Unmarked,
    articles,
    ask,
    browser_test,
    follow,
    serving,
    visiting,
)  # fmt: skip

import app
from rag.conversations import Conversations
from rag.running import Facts

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
SIZES = {"desktop": (1400, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    assistant, library = Scripted(), Shelved()
    store = tmp_path_factory.mktemp("store")
    past = Conversations(store)
    facts = (Facts("The index", tuple((f"Fact {n}", text) for n, text in enumerate(PAYLOADS))),)
    blocks = app.page(assistant, library, Syncing(assistant, store), ["River?"], past, Unmarked(), lambda: facts)
    with serving(app.serve(blocks, past, library, store)) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}")


def faults(page, where):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=RULES).response
    assert len(found["passes"]) > 10, "axe-core looked at next to nothing"
    return [(where, v["impact"], v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found["violations"]]


def enter(page, room, drawn):
    page.click(f"#rooms a[href='#room-{room}']")
    page.locator(drawn).first.wait_for()


@browser_test
@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "en-GB"), ("light", "de-DE")])
@pytest.mark.parametrize("device", SIZES)
def test_no_room_has_a_fault_that_a_machine_can_find(chromium, site, device, scheme, locale):
    width, height = SIZES[device]
    with visiting(chromium, site, width, height, color_scheme=scheme, locale=locale) as page:
        found = faults(page, "welcome")
        ask(page, "River?")
        ask(page, "Mayor?")
        page.click("#filters summary")
        found += faults(page, "answers and filters")
        page.keyboard.press("Escape")
        page.click("#pasts")
        page.locator("#kept .past").first.wait_for()
        found += faults(page, "conversations")
        page.click("#kept summary >> nth=0")
        # The menu lies over the button of the conversation below.
        found += [fault for fault in faults(page, "menu") if fault[2] != "target-size"]
        page.click("#kept summary >> nth=0")
        if width < 1200:
            page.mouse.click(width - 4, height // 2)
        follow(page, "cite-1-1")
        found += faults(page, "source")
        if device == "phone":
            page.click("#source .close")
        articles(page)
        found += faults(page, "articles")
        enter(page, "evals", "#evals h2, #evals h3, #evals p")
        found += faults(page, "evals")
        enter(page, "settings", "#facts dl")
        found += faults(page, "settings")
        assert found == []
