"""The login page in real Chromium, and two people at one page: neither sees, changes or takes what the other asked."""

import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import httpx
import pytest
from doors import until
from scripted_page import CHROMIUM, FLAGS, SEEN, Scripted, Shelved, Syncing, Unmarked, ask, browser_test, serving

import app
from index.added import files
from page.login import WRONG, again_html, login_html, too_often
from page.rooms.visitor import visitor
from page.session import Gate
from rag.conversations import Conversations
from rag.keeping import Keeping
from rag.users import Users

CHEAP = {"n": 16, "r": 1, "p": 1}
PASSWORDS = {"ada": "correct horse", "grace": "battery staple"}
# A name that is none of this machine's: plain HTTP to it is not trusted by a browser, as in a house network.
NAME = "articles.test"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    users = Users(store, CHEAP)
    for name, password in PASSWORDS.items():
        users.add(name, password)
    past, assistant = Conversations(store, visitor), Scripted()
    blocks = app.page(assistant, Shelved(), Syncing(assistant, store), ["River: how high was it?"], past, Unmarked())
    later = [0.0]  # seconds by which the clock of the gate is ahead

    def gated(inner):
        return Gate(inner, users, clock=lambda: time.monotonic() + later[0])

    served = app.serve(blocks, past, Shelved(), store, gated, [*app.HOSTS, NAME])
    with serving(served) as port:
        url = f"http://127.0.0.1:{port}"
        yield SimpleNamespace(url=url, named=f"http://{NAME}:{port}", port=port, users=users, store=store, later=later)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


@contextmanager
def arriving(chromium, url, **options):
    """A fresh browser at this address, where nobody is logged in."""
    context = chromium.new_context(**options)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def log_in(page, name, password=None):
    page.fill("#name", name)
    page.fill("#password", PASSWORDS.get(name, "") if password is None else password)
    page.press("#password", "Enter")


@contextmanager
def inside(chromium, site, name):
    """The page as somebody sees it who is logged in."""
    with arriving(chromium, site.url, viewport={"width": 1400, "height": 900}) as page:
        log_in(page, name)
        page.wait_for_selector(".welcome")
        page.click("#pasts")
        page.wait_for_selector("#leave button")
        yield page


def titles(page):
    return page.locator("#kept .past b").all_text_contents()


# Drawing, without a browser ------------------------------------------------------------------------------------------


def test_what_was_typed_and_asked_for_is_text_in_the_page():
    drawn = login_html('<b>"', '"><script>alert(1)</script>', '/"><img src=x onerror=alert(1)>')
    assert not re.search(r"<(script|img|b)\b", drawn)
    assert drawn.count("<input") == 3


def test_the_page_asks_for_nothing_from_elsewhere_and_runs_nothing():
    assert not re.search(r"<script|<link|src=|https?:|\son\w+=", login_html())
    assert not re.search(r"<link|src=|https?:|\son\w+=", again_html())


@pytest.mark.parametrize(("seconds", "said"), [(1, "in 1 second."), (60, "in 60 seconds.")])
def test_the_wait_is_said_in_one_sentence(seconds, said):
    assert too_often(seconds).endswith(said)


# One person -----------------------------------------------------------------------------------------------------------


@browser_test
def test_the_page_is_behind_a_form_that_password_managers_know(chromium, site):
    with arriving(chromium, site.url) as page:
        assert page.evaluate("document.activeElement.id") == "name"
        assert page.get_attribute("#name", "autocomplete") == "username"
        assert page.get_attribute("#password", "autocomplete") == "current-password"
        assert page.locator("gradio-app").count() == 0
        for label, box in (("Name", "#name"), ("Password", "#password")):
            assert page.get_by_label(label, exact=True).evaluate("e => '#' + e.id") == box


@browser_test
def test_a_wrong_password_is_said_and_the_name_need_not_be_typed_again(chromium, site):
    with arriving(chromium, site.url) as page:
        log_in(page, "ada", "wrong password")
        assert page.locator("[role=alert]").text_content() == WRONG
        assert page.input_value("#name") == "ada"
        assert page.evaluate("document.activeElement.id") == "password"
        page.keyboard.type(PASSWORDS["ada"])
        page.keyboard.press("Enter")
        page.wait_for_selector(".welcome")


@browser_test
def test_who_comes_over_plain_http_from_a_house_network_can_log_in_and_out(chromium, site):
    with arriving(chromium, site.named) as page:
        log_in(page, "ada")
        page.wait_for_selector(".welcome")
        page.evaluate("document.cookie = 'seen=1'")
        assert page.evaluate("document.cookie") == "seen=1"
        page.click("#pasts")
        page.click("#leave button")
        page.wait_for_selector("#password")
        page.reload()
        page.wait_for_selector("#password")


@browser_test
def test_a_page_that_is_open_when_its_session_ends_shows_the_login_page(chromium, site):
    with inside(chromium, site, "ada") as page:
        page.request.post(f"{site.url}/logout", max_redirects=0)
        page.fill("#question textarea", "River?")
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#password")


@browser_test
def test_a_link_on_another_site_leads_to_the_page_and_not_to_the_form(chromium, site):
    with inside(chromium, site, "ada") as page:
        link = f'<a href="{site.url}/#past-{"0" * 32}">a link</a>'
        page.route("http://elsewhere.test/", lambda route: route.fulfill(body=link, content_type="text/html"))
        page.goto("http://elsewhere.test/")
        page.click("a")
        page.wait_for_selector(".welcome")
        page.get_by_text("There is no conversation").first.wait_for()  # what stands behind # came along


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_form_fits_any_screen_and_its_text_stands_out(chromium, site, scheme, width):
    with arriving(chromium, site.url, viewport={"width": width, "height": 640}, color_scheme=scheme) as page:
        log_in(page, "nobody", "x")
        page.wait_for_selector("[role=alert]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(RATIOS) == []
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(23, 24, 26)"
        assert dark == (scheme == "dark")
    site.later[0] += 3600  # wrong passwords from this address delay the next login


RATIOS = """() => {
    const rgb = s => s.match(/[0-9.]+/g).map(Number);
    const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => { const c = rgb(getComputedStyle(e).backgroundColor);
        return c.length === 3 || c[3] === 1 || !e.parentElement ? c : behind(e.parentElement); };
    return [...document.querySelectorAll("h1, p, label, input:not([type=hidden]), button")].map(e => {
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
        return [e.textContent, (a + 0.05) / (b + 0.05)]; }).filter(([, ratio]) => ratio < 4.5);
}"""


# Two people -----------------------------------------------------------------------------------------------------------


@browser_test
def test_neither_sees_opens_takes_renames_or_removes_what_the_other_asked(chromium, site):
    with inside(chromium, site, "ada") as ada, inside(chromium, site, "grace") as grace:
        ask(ada, "River, of Ada?")
        ada.wait_for_selector("#kept .past >> text=River, of Ada?")
        ask(grace, "Radar, of Grace?")
        grace.wait_for_selector("#kept .past >> text=Radar, of Grace?")
        assert (titles(ada), titles(grace)) == (["River, of Ada?"], ["Radar, of Grace?"])
        [hers] = Conversations(site.store, "ada").listing()

        for end, status in ((f"{hers.id}.html", 404), (f"{hers.id}.md?turn=1", 404), ("x.bib", 404)):
            assert grace.request.get(f"{site.url}/conversations/{end}").status == status
        assert ada.request.get(f"{site.url}/conversations/{hers.id}.md").status == 200

        grace.goto(f"{site.url}/#past-{hers.id}")
        grace.reload()
        grace.get_by_text("There is no conversation").first.wait_for()
        for wanted in (f"rename-{hers.id}-Taken", f"remove-{hers.id}"):
            grace.evaluate(
                "wanted => { window.footnote.wanted = wanted; document.querySelector('#alter').click(); }", wanted
            )
            grace.get_by_text(f"There is no conversation '{hers.id}'").first.wait_for()
            grace.wait_for_timeout(300)
        grace.fill("#recall input, #recall textarea", "of Ada?")
        grace.get_by_text("No conversation has").wait_for()
        assert [c.title for c in Conversations(site.store, "ada").listing()] == ["River, of Ada?"]
        assert Conversations(site.store).listing() == []


@browser_test
def test_what_is_asked_after_another_login_is_kept_for_who_logged_in(chromium, site):
    before = {name: len(Conversations(site.store, name).listing()) for name in PASSWORDS}
    with inside(chromium, site, "ada") as page:
        page.click("#leave button")
        page.wait_for_selector("#password")
        log_in(page, "grace")
        page.wait_for_selector("#leave >> text=grace")
        ask(page, "River, once more?")
        page.wait_for_selector("#kept .past >> text=River, once more?")
    after = {name: len(Conversations(site.store, name).listing()) for name in PASSWORDS}
    assert after == {"ada": before["ada"], "grace": before["grace"] + 1}


# Gradio's own doors, and many at once ---------------------------------------------------------------------------------


def test_a_proxy_on_this_machine_tells_that_it_is_https_and_who_asks(site):
    def tried(password, address):
        told = {"x-forwarded-proto": "https", "x-forwarded-for": address}
        return httpx.post(f"{site.url}/login", data={"username": address, "password": password}, headers=told)

    got = httpx.post(
        f"{site.url}/login", data={"username": "ada", "password": PASSWORDS["ada"]},
        headers={"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"},
    )  # fmt: skip
    assert re.fullmatch(r"__Host-footnote=[\w-]{43}; .*; Secure", got.headers["set-cookie"])
    assert {tried(f"wrong {n}", f"192.0.2.{n}").status_code for n in range(10, 20)} == {401}
    assert 429 in {tried(f"wrong {n}", "192.0.2.9").status_code for n in range(12)}


READ = ("/", "/config", "/theme.css", "/monitoring", "/robots.txt", "/manifest.json", "/static/x", "/assets/x")
GRADIOS_READ = ("info", "openapi.json", "queue/status", "queue/data?session_hash=x", "heartbeat/x", "app_id", "token",
                "file=/etc/passwd", "startup-events", "call/ask/x", "user", "login_check")  # fmt: skip
GRADIOS_TOLD = ("queue/join", "call/ask", "run/ask", "api/ask", "reset", "cancel", "component_server", "login",
                "stream/x", "process_recording")  # fmt: skip


def test_none_of_gradios_doors_is_open_without_a_session(site):
    with httpx.Client(base_url=site.url) as client:
        read = (*READ, *(f"/gradio_api/{door}" for door in GRADIOS_READ))
        assert {client.get(door).status_code for door in read} == {401}
        assert {client.post(f"/gradio_api/{door}", json={}).status_code for door in GRADIOS_TOLD} == {401}
        assert client.post("/gradio_api/upload").status_code == 403


def event(config, target):
    """The number of the event that a press of the button with this id begins."""
    [button] = [c["id"] for c in config["components"] if c["props"].get("elem_id") == target]
    return next(d["id"] for d in config["dependencies"] if [button, "click"] in map(list, d["targets"]))


async def asks(site, name, password):
    """Somebody logs in, asks, and looks for what everybody asked; the ids of the conversations that they find."""
    # Each request by a line of its own: the server closes one that is not used for a while.
    once = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=site.url, timeout=60, limits=once) as client:
        while (got := await client.post("/login", data={"username": name, "password": password})).status_code == 503:
            await asyncio.sleep(0.05)  # as many as are looked at at once
        assert got.status_code == 303
        config = (await client.get("/config")).json()
        said = []
        for target, data in (("send", [f"River, of {name}?", "", None]), ("alter", ["", "", None])):
            joined = {"fn_index": event(config, target), "session_hash": name, "data": data}
            assert (await client.post("/gradio_api/queue/join", json=joined)).status_code == 200
            async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": name}) as stream:
                async for line in stream.aiter_lines():
                    message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                    if message.get("msg") == "process_completed":
                        assert message["success"], message
                        said.append(json.dumps(message["output"]))
                        break
        return set(re.findall(r"past-([0-9a-f]{32})", said[1]))


def drawn(client, tab, config):
    """What the server would draw of the conversation in this tab, as the button that stops an answer asks for it."""
    told = {"fn_index": event(config, "stop"), "session_hash": tab, "data": [None]}
    return client.post("/gradio_api/run/predict", json=told).text


def test_who_knows_the_name_of_anothers_tab_reaches_nothing_with_it(site):
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asks(site, "ada", PASSWORDS["ada"])).result()  # in a tab that is called ada
    with httpx.Client(base_url=site.url) as client:
        client.post("/login", data={"username": "ada", "password": PASSWORDS["ada"]})
        config = client.get("/config").json()
        assert "River, of ada" in drawn(client, "ada", config)
        client.post("/logout")  # in the same browser, with the tab still open
        client.post("/login", data={"username": "grace", "password": PASSWORDS["grace"]})
        assert "River, of ada" not in drawn(client, "ada", config)


@pytest.mark.parametrize("change", ["remove", "password"])
def test_an_answer_that_is_under_way_when_its_user_goes_is_not_kept_for_the_next(site, change):
    SEEN.clear()
    site.users.add("eve", "password of eve")
    with httpx.Client(base_url=site.url, timeout=20) as client:
        client.post("/login", data={"username": "eve", "password": "password of eve"})
        told = {"fn_index": event(client.get("/config").json(), "send"), "session_hash": "eve"}
        client.post("/gradio_api/queue/join", json={**told, "data": ["River, slowly, of Eve?", "", None]})
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "eve"}) as stream:
            for line in stream.iter_lines():
                if "And the" in line:  # the answer has begun
                    site.users.remove("eve") if change == "remove" else site.users.change("eve", "another password")
                    SEEN.set()
                if "process_completed" in line:
                    break
    SEEN.clear()
    assert Conversations(site.store, "eve").listing() == []
    if change == "password":
        site.users.remove("eve")


def test_who_is_not_logged_in_can_send_no_file(site):
    got = httpx.put(f"{site.url}/articles/files/ferry.md", content=b"The ferry sails at noon.")
    assert (got.status_code, got.json()["error"]) == (401, "Nobody is logged in.")
    assert files(site.store) == []


def test_fifty_people_at_once_find_what_they_asked_and_nothing_else(place, tmp_path):
    users = Users(place, CHEAP)
    names = [f"reader{n}" for n in range(50)]
    for name in names:
        users.add(name, f"password of {name}")
    past, assistant = Conversations(place, visitor), Scripted()
    blocks = app.page(assistant, Shelved(), Syncing(assistant, tmp_path), [], past, Unmarked())

    async def everybody(site):
        return await asyncio.gather(*(asks(site, name, f"password of {name}") for name in names))

    served = app.serve(blocks, past, Shelved(), tmp_path, lambda inner: Gate(inner, users))
    with serving(served) as port, ThreadPoolExecutor(1) as thread:  # in this one there may be the loop of the browser
        found = thread.submit(asyncio.run, everybody(SimpleNamespace(url=f"http://127.0.0.1:{port}"))).result()
    for name, ids in zip(names, found, strict=True):
        [own] = Conversations(place, name).listing()
        assert (own.title, {own.id}) == (f"River, of {name}?", ids)
    assert Conversations(place).listing() == []


def test_a_conversation_that_was_begun_at_one_machine_is_there_at_another_and_so_are_users(database, tmp_path):
    team = Users(Keeping(tmp_path, database), CHEAP)
    for name, password in PASSWORDS.items():
        team.add(name, password)
    with ExitStack() as running, ThreadPoolExecutor(1) as thread:
        here, there = (running.enter_context(machine(tmp_path / name, database)) for name in ("here", "there"))
        begun = thread.submit(asyncio.run, asks(here, "ada", PASSWORDS["ada"])).result()
        seen = thread.submit(asyncio.run, asks(there, "ada", PASSWORDS["ada"])).result()
        assert (len(begun), len(seen), begun < seen) == (1, 2, True)
        assert thread.submit(asyncio.run, asks(there, "grace", PASSWORDS["grace"])).result().isdisjoint(seen)
        with httpx.Client(base_url=there.url) as client:
            client.post("/login", data={"username": "ada", "password": PASSWORDS["ada"]})
            assert client.get("/config").status_code == 200
            team.remove("ada")
            until(lambda: client.get("/config").status_code == 401, 10)


@contextmanager
def machine(store, database):
    """The page of a machine of its own, which keeps nothing in its store."""
    place = Keeping(store, database)
    users, past, assistant = Users(place, CHEAP), Conversations(place, visitor), Scripted()
    blocks = app.page(assistant, Shelved(), Syncing(assistant, store), [], past, Unmarked())
    with serving(app.serve(blocks, past, Shelved(), store, lambda inner: Gate(inner, users))) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}")
