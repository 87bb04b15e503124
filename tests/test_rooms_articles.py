"""The room of articles in real Chromium, over a real index: put in, found, asked about, taken out, and cancelled."""

import json
import os
import re
import threading
from html import unescape
from types import SimpleNamespace

import pytest
from doors import over
from scripted_page import Unmarked, articles, ask, browser_test, chromium, serving, visiting  # noqa: F401

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import app
from index.added import files, folder
from index.following import Outside
from index.search import Index
from index.sync import sync_paths
from page.rooms.articles import following
from proofs.words import WordEmbedder
from rag.conversations import Conversations
from rag.settings import Parts

NOON, FELL = "The ferry sails at noon.", "The mole fell in August."


class Slow(WordEmbedder):
    """An embedder that waits before it embeds passages, when it is told to."""

    def embed(self, texts):
        self.waiting.set()
        assert self.go.wait(20)
        return super().embed(texts)


@pytest.fixture
def site(tmp_path):
    """The page over an index of its own, which follows a folder with one article of two years ago."""
    embedder = Slow()
    embedder.waiting, embedder.go = threading.Event(), threading.Event()
    embedder.go.set()
    store, news = tmp_path / "store", tmp_path / "news"
    for day, text in (("2022-03-01", FELL), ("2024-08-27", "A crane barge struck the quay.")):
        news.mkdir(exist_ok=True)
        (news / f"{day}.md").write_text(f"---\ntitle: Report of {day}\ndate: {day}\n---\n{text}\n")
    sync_paths(store, [news], embedder)
    index = Index(store, embedder)
    past = Conversations(store)
    parts = Parts(index, over(index), Outside(networks=("127.0.0.0/8",)))
    served = app.serve(app.page(parts.assistant, index, parts, (), past, Unmarked()), past, index, store)
    with serving(served) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}", store=store, news=news, index=index, embedder=embedder)
    embedder.go.set()


@pytest.fixture
def page(chromium, site):  # noqa: F811
    with visiting(chromium, site) as page:
        articles(page)
        yield page
        assert (page.faults, page.outside) == ([], [])


@pytest.fixture
def phone(chromium, site):  # noqa: F811
    with visiting(chromium, site, 390, 844, has_touch=True, is_mobile=True) as page:
        articles(page)
        yield page
        assert (page.faults, page.outside) == ([], [])
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def choose(page, *chosen):
    """Chooses files, (name, text) each, by the button."""
    with page.expect_file_chooser() as chooser:
        page.click("#choose")
    chooser.value.set_files([{"name": n, "mimeType": "text/plain", "buffer": text.encode()} for n, text in chosen])


def drop(page, *dropped):
    """Drops files, (name, text) each, on the list, and tells whether a target was seen before."""
    return page.evaluate(
        """([dropped]) => {
        const data = new DataTransfer();
        for (const [name, text] of dropped) data.items.add(new File([text], name));
        const at = document.querySelector("#listing"), about = { bubbles: true, cancelable: true, dataTransfer: data };
        at.dispatchEvent(new DragEvent("dragenter", about));
        at.dispatchEvent(new DragEvent("dragover", about));
        const seen = document.querySelector("#drop")?.textContent;
        at.dispatchEvent(new DragEvent("drop", about));
        return [seen, document.querySelector("#drop") === null];
        }""",
        [dropped],
    )


def arrivals(page):
    return [" ".join(line.split()) for line in page.locator("#arrivals li").all_inner_texts()]


def names(page):
    return [re.sub(r"^.*/", "", name) for name in page.locator("#listing .file").all_inner_texts()]


def take(page, link):
    """Follows a link that takes out, and gives what is asked."""
    page.locator(link).first.click()
    return page.locator("dialog p").first.inner_text()


def room(page, name):
    page.click(f"#rooms a[href='#room-{name}']")


# Files ---------------------------------------------------------------------------------------------------------------


def through_all_rooms(page, site):
    """A file is chosen, its article asked about, deleted, and not found any more."""
    choose(page, ("ferry.md", NOON))
    page.get_by_text("1 new, 0 changed").wait_for()
    assert arrivals(page) == ["ferry.md added"]
    page.locator("#listing .file", has_text="ferry.md").wait_for()
    assert page.locator(".known").inner_text().startswith("3 articles")
    room(page, "ask")
    ask(page, "When does the ferry sail?").locator(".said", has_text=NOON).wait_for()
    articles(page)
    asked = take(page, "#listing li:has-text('ferry.md') .take")
    assert asked.startswith("Delete “ferry.md”? Here the file and its article are gone.")
    page.click("dialog button:has-text('Cancel')")
    assert [path.name for path in files(site.store)] == ["ferry.md"]
    take(page, "#listing li:has-text('ferry.md') .take")
    page.click("dialog button.yes")
    page.locator("#listing .file", has_text="ferry.md").wait_for(state="detached")
    assert files(site.store) == []
    room(page, "ask")
    reply = ask(page, "When does the ferry sail?")
    reply.locator(".acts").wait_for()
    assert NOON not in reply.inner_text()


@browser_test
def test_a_chosen_file_is_found_asked_about_and_deleted(page, site):
    through_all_rooms(page, site)


@browser_test
def test_the_same_on_a_phone(phone, site):
    through_all_rooms(phone, site)


@browser_test
def test_files_are_dropped_on_the_list_where_a_target_is_seen(page, site):
    seen, gone = drop(
        page, ("ferry.md", NOON), ("tool.exe", "MZ"), ("empty.md", ""), ("toll.md", "A toll of two crowns.")
    )
    assert (seen, gone) == ("Drop files to add them", True)
    page.get_by_text("2 new, 0 changed").wait_for()
    told = arrivals(page)
    assert (told[0], told[2], told[3]) == ("ferry.md added", "empty.md It is empty.", "toll.md added")
    assert told[1].startswith("tool.exe It is of a kind that Footnote cannot read. These can be read: csv, docx,")
    assert [path.name for path in files(site.store)] == ["ferry.md", "toll.md"]
    page.locator("#listing .file", has_text="toll.md").wait_for()
    assert {"ferry.md", "toll.md"} < set(names(page))


@browser_test
def test_a_file_that_was_there_and_another_of_its_name_say_so(page, site):
    choose(page, ("ferry.md", NOON))
    page.get_by_text("1 new, 0 changed").wait_for()
    choose(page, ("ferry.md", NOON))
    page.get_by_text("0 new, 0 changed, 0 gone, 1 unchanged").wait_for()
    assert arrivals(page) == ["ferry.md was there already"]
    choose(page, ("ferry.md", "It sails no more."))
    page.get_by_text("1 new, 0 changed, 0 gone, 1 unchanged").wait_for()
    assert arrivals(page) == ["ferry.md added as ferry (2).md"]


@browser_test
def test_hostile_names_are_text_and_stay_in_the_folder(page, site):
    name = "<img src=x onerror=\"document.body.id='pwned'\">${document.body.id='pwned'}.md"
    drop(page, (name, NOON), ("..%2F..%2Fup?load=#1.md", FELL * 2))
    page.get_by_text("2 new, 0 changed").wait_for()
    assert arrivals(page)[0].startswith(f"{name} added as _img src=x")
    assert len(files(site.store)) == 2
    assert {path.parent for path in files(site.store)} == {folder(site.store)}
    take(page, "#listing li:has-text('_img') .take")
    assert page.evaluate("document.body.id") != "pwned"
    page.keyboard.press("Escape")


@browser_test
def test_what_is_dropped_in_another_room_opens_and_adds_nothing(page, site):
    room(page, "ask")
    refused = page.evaluate(
        """() => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], "ferry.md"));
        const about = { bubbles: true, cancelable: true, dataTransfer: data };
        document.querySelector("#talk").dispatchEvent(new DragEvent("dragover", about));
        return [document.querySelector("#drop"),
          !document.querySelector("#talk").dispatchEvent(new DragEvent("drop", about))];
        }"""
    )
    assert refused == [None, True]
    assert files(site.store) == []


@browser_test
def test_a_file_that_the_server_cannot_take_says_why(page, site):
    page.route(re.compile("/articles/files/"), lambda route: route.abort())
    choose(page, ("ferry.md", NOON))
    page.get_by_text("It could not be sent. Try again.").wait_for()
    page.unroute(re.compile("/articles/files/"))
    folder(site.store).write_text("no folder")
    choose(page, ("ferry.md", NOON))
    page.get_by_text("ferry.md cannot be kept (File exists). Make room for it, and try again.").wait_for()


# Places --------------------------------------------------------------------------------------------------------------


def add(page, location):
    page.fill("#place textarea, #place input", location)
    page.press("#place textarea, #place input", "Enter")


@browser_test
def test_a_folder_is_added_and_followed_no_longer(page, site, tmp_path):
    more = tmp_path / "more"
    more.mkdir()
    (more / "ferry.md").write_text(NOON)
    add(page, str(more))
    page.get_by_text("1 new, 0 changed").wait_for()
    page.locator("#listing .file", has_text="more/ferry.md").wait_for()
    assert page.input_value("#place textarea, #place input") == ""
    assert "lies in the folder “more”, which is followed." in take(page, "#listing li:has-text('more/ferry.md') .take")
    assert page.locator("dialog button").all_inner_texts() == ["Close"]
    page.click("dialog button")
    page.click("#listing .follows summary")
    assert "more 1 article · looked at just now" in page.locator(".follows li", has_text="more").inner_text().replace(
        "\xa0", " "
    )
    assert "Stop following “more”? Its 1 article will not be searched" in take(
        page, ".follows li:has-text('more') .take"
    )
    page.click("dialog button.yes")
    page.locator("#listing .file", has_text="more/ferry.md").wait_for(state="detached")
    assert site.index.followed() == [str(site.news)]
    assert (more / "ferry.md").exists()


@browser_test
@pytest.mark.parametrize(
    ("location", "said"),
    [
        (" ", "Name the address of a page or feed, or a folder."),
        ("/nowhere/at/all", "/nowhere/at/all does not exist. Check the spelling."),
        ("harbour.example", "harbour.example does not exist here. For the address write https://harbour.example"),
        ("http://192.168.0.1/", "http://192.168.0.1/ cannot be followed: refused, because 192.168.0.1 is not on the"),
        ("ftp://harbour.example", "ftp"),
    ],
)
def test_what_cannot_be_added_is_said_in_one_sentence_and_stays_to_be_corrected(page, site, location, said):
    add(page, location)
    page.locator("#said .trouble", has_text=said).wait_for()
    assert page.input_value("#place textarea, #place input") == location
    assert site.index.followed() == [str(site.news)]


def test_where_people_log_in_no_file_of_the_server_can_be_read_by_its_path(monkeypatch):
    monkeypatch.setattr("page.rooms.articles.visitor", lambda: "ada")
    follow = following(SimpleNamespace(), SimpleNamespace(), SimpleNamespace())
    for path in ("/etc", "~", "../secret", "C:\\secret"):
        (*_, said), *more = follow(path)
        assert more == []
        assert "web addresses alone can be added here" in unescape(said)


@browser_test
def test_a_sync_that_is_cancelled_leaves_the_index_whole_and_the_next_goes_on(page, site):
    site.embedder.go.clear()
    choose(page, ("ferry.md", NOON), ("toll.md", "A toll of two crowns."))
    page.get_by_text("Embedding").wait_for()
    assert "A sync is running. Cancel it, or wait until it is done." in refusal(page)
    page.click("#halt")
    page.get_by_text("Stopping").wait_for()
    site.embedder.go.set()
    page.get_by_text("Stopped. What was done so far is kept, and the next sync goes on from there.").wait_for()
    assert site.index.overview().articles == 2
    room(page, "ask")
    ask(page, "When did the mole fall?").locator(".said", has_text=FELL).wait_for()
    page.click("#sync")
    page.get_by_text("2 new, 0 changed").wait_for()
    assert site.index.overview().articles == 4


def refusal(page):
    """What is said to who takes something out while a sync runs."""
    page.click("#listing .follows summary")
    take(page, ".follows .take")
    page.click("dialog button.yes")
    page.locator("#said .trouble").wait_for()
    return page.locator("#said .trouble").inner_text()


# The timeline --------------------------------------------------------------------------------------------------------


@browser_test
def test_a_bar_narrows_the_list_and_the_way_back_is_there(page, site):
    bar = page.locator("#listing .timeline svg a", has_text="2022: 1 article")
    bar.locator(".column").click(force=True)
    page.locator(".period", has_text="2022").wait_for()
    assert names(page) == ["2022-03-01.md"]
    assert "All 1 Indexed 1" in " ".join(page.locator(".states").inner_text().split())
    page.fill("#find textarea, #find input", "barge")
    page.get_by_text("No source has “barge” in its name, title, author or reason and is of 2022.").wait_for()
    page.fill("#find textarea, #find input", "")
    page.locator("#listing .sources").wait_for()
    page.click(".period a:has-text('All dates')")
    page.locator("#listing .file", has_text="2024-08-27.md").wait_for()


@browser_test
def test_the_numbers_lead_there_by_keyboard_too(page, site):
    page.focus(".numbers summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").replace("\xa0", " ") == "2022 1"
    page.keyboard.press("Enter")
    page.locator(".period", has_text="2022").wait_for()


@browser_test
def test_no_control_of_the_room_is_without_a_name(page, site):
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("#shelf button, #shelf a, #shelf input, #shelf textarea")]
        .filter(e => e.checkVisibility() && !(e.getAttribute("aria-label") || e.textContent.trim()
          || e.closest("label")?.textContent.trim())).map(e => e.outerHTML)"""
    )
    assert json.dumps(unnamed) == "[]"
