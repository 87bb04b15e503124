"""Who is logged in: nobody else sees anything but the login page, and no try at it is cheap."""

import asyncio
import re
import time
from types import SimpleNamespace

import httpx
import pytest

from page import session
from page.login import BUSY, WRONG
from page.session import IDLE, MOST_LOGINS, VISITOR, Gate, Sessions, ungated
from rag.doors.throttle import FREE_OF_NAME
from rag.users import FILE_NAME, Users

CHEAP = {"n": 16, "r": 1, "p": 1}
PASSWORD, OTHER = "correct horse", "battery staple"
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def users(store):
    made = Users(store, CHEAP)
    made.add("ada", PASSWORD)
    made.add("grace", OTHER)
    return made


async def echo(scope, receive, send):
    """Tells who it was asked by, twice, and with what body."""
    body = (await receive()).get("body", b"") if scope["method"] == "POST" else b""
    said = f"{scope['visitor']}|{VISITOR.get()}|{body.decode()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": said})


class Visit:
    """A browser without a screen: it keeps cookies, and follows nothing by itself."""

    def __init__(self, gate, url="http://127.0.0.1", address="192.0.2.1"):
        transport = httpx.ASGITransport(gate, client=(address, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url=url)

    def __call__(self, method, path, **given):
        return asyncio.run(self.client.request(method, path, **given))

    def log_in(self, name="ada", password=PASSWORD, back="/"):
        return self("POST", "/login", data={"username": name, "password": password, "back": back})

    def name(self):
        """Who the app is told that it is, "" for nobody, None where it is not reached."""
        got = self("GET", "/")
        return got.text.split("|")[0] if got.status_code == 200 else None


@pytest.fixture
def gate(users, clock):
    return Gate(echo, users, clock=clock)


@pytest.fixture
def visit(gate):
    return Visit(gate)


# Who is let through ---------------------------------------------------------------------------------------------------


def test_without_users_everybody_is_let_through_and_has_no_name(store):
    for gate in (Gate(echo, Users(store, CHEAP)), ungated(echo)):
        assert Visit(gate)("POST", "/any", content=b"said").text == "||said"


PATHS = ("/", "/config", "/login_check", "/gradio_api/info", "/gradio_api/queue/data", "/gradio_api/heartbeat/x",
         "/conversations/x.html", "/assets/index.js", "/login/", "/logout", "//login", "/LOGIN")  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_without_a_session_nothing_is_reached(visit, method):
    for path in PATHS:
        if (method, path) == ("POST", "/logout"):
            continue
        got = visit(method, path)
        assert (got.status_code, got.headers["cache-control"]) == (401, "no-store"), path
        if method != "HEAD":
            assert got.json() == {"error": "Nobody is logged in.", "hint": "Log in, and ask again."}


def test_a_socket_is_closed_and_the_start_and_end_of_the_server_are_let_through(gate):
    reached, sent = [], []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    async def send(message):
        sent.append(message["type"])

    gate._app = app
    asyncio.run(gate({"type": "websocket", "path": "/", "headers": []}, None, send))
    asyncio.run(gate({"type": "lifespan"}, None, send))
    assert (reached, sent) == (["lifespan"], ["websocket.close"])


def test_who_looks_for_a_page_is_shown_the_login_page_which_leads_there(visit):
    got = visit("GET", "/conversations/x.html?turn=2", headers=HTML)
    assert (got.status_code, got.headers["cache-control"]) == (401, "no-store")
    assert 'value="&#47;conversations&#47;x&#46;html&#63;turn&#61;2"' in got.text
    assert "<script" not in got.text
    assert "default-src 'none'" in got.headers["content-security-policy"]
    then = visit.log_in(back="/conversations/x.html?turn=2")
    assert (then.status_code, then.headers["location"]) == (303, "/conversations/x.html?turn=2")
    assert visit.name() == "ada"


ELSEWHERE = ("https://evil.test/", "//evil.test", "/\\evil.test", "/x\r\nset-cookie: a=b", "", "javascript:1",
             "/login", "/logout", "/" + "x" * 3000, "/é")  # fmt: skip


@pytest.mark.parametrize("back", ELSEWHERE)
def test_a_login_leads_to_no_other_site(visit, back):
    assert visit.log_in(back=back).headers["location"] == "/"


def test_the_app_is_told_who_asks_and_nothing_of_that_is_kept_by_the_browser(visit):
    visit.log_in(" ADA ")
    got = visit("POST", "/any", content=b"said")
    assert (got.text, got.headers["cache-control"]) == ("ada|ada|said", "no-store")
    with pytest.raises(LookupError):
        VISITOR.get()


def test_who_is_logged_in_and_looks_for_the_login_page_is_led_on(visit):
    visit.log_in()
    got = visit("GET", "/login", headers=HTML)
    assert (got.status_code, got.headers["location"]) == (303, "/")


def test_a_link_on_another_site_is_followed_once_more_from_here(visit):
    got = visit("GET", "/", headers={**HTML, "sec-fetch-site": "cross-site"})
    assert (got.status_code, "location.replace" in got.text) == (200, True)
    assert "password" not in got.text
    assert "; script-src 'sha256-" in got.headers["content-security-policy"]
    assert "password" in visit("GET", "/", headers={**HTML, "sec-fetch-site": "same-origin"}).text


# Sessions -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "cookie"),
    [
        ("http://127.0.0.1", r"footnote=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict"),
        ("https://articles.test", r"__Host-footnote=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Secure"),
    ],
)
def test_no_script_and_no_other_site_can_have_the_cookie(gate, url, cookie):
    visit = Visit(gate, url)
    assert re.fullmatch(cookie, visit.log_in().headers["set-cookie"])
    assert visit.name() == "ada"


def test_a_cookie_of_plain_http_counts_for_nothing_over_https(gate):
    visit = Visit(gate)
    token = visit.log_in().headers["set-cookie"].partition(";")[0].partition("=")[2]
    over_https = Visit(gate, "https://articles.test")
    assert over_https("GET", "/", headers={"cookie": f"footnote={token}"}).status_code == 401
    assert over_https("GET", "/", headers={"cookie": f"x=1; __Host-footnote={token}; y"}).status_code == 200


def test_tokens_are_random_and_kept_nowhere(users):
    sessions = Sessions(users)
    tokens = {sessions.begin("ada", users.proof("ada")) for _ in range(50)}
    assert {len(token) for token in tokens} == {43}
    assert len(tokens) == 50
    assert not any(token in repr(sessions._sessions) for token in tokens)
    assert {sessions.find(token).name for token in tokens} == {"ada"}


@pytest.mark.parametrize(
    "cookie", ["footnote=", "footnote", "footnote=x", "footnote=ada", "", ";;=;", "footnote=%00", "é"]
)
def test_a_token_that_was_never_given_is_nobodys(visit, cookie):
    assert visit("GET", "/", headers={"cookie": cookie.encode("latin-1")}).status_code == 401


def test_a_session_ends_when_nothing_was_asked_for_in_twelve_hours(visit, clock):
    visit.log_in()
    for _ in range(3):
        clock.now += IDLE - 1
        assert visit.name() == "ada"
    clock.now += IDLE + 1
    assert visit.name() is None
    assert IDLE == 12 * 3600


def test_who_logs_out_takes_the_token_with_them(gate, visit):
    cookie = visit.log_in().headers["set-cookie"].partition(";")[0]
    got = visit("POST", "/logout")
    assert (got.status_code, got.headers["location"]) == (303, "/")
    assert "Max-Age=0" in got.headers["set-cookie"]
    assert visit.name() is None
    assert Visit(gate)("GET", "/", headers={"cookie": cookie}).status_code == 401


def test_a_page_that_is_only_looked_at_logs_nobody_out(visit):
    visit.log_in()
    visit("GET", "/logout")
    assert visit.name() == "ada"


def test_another_login_is_another_token_and_the_old_one_ends(gate, visit):
    old = visit.log_in().headers["set-cookie"].partition(";")[0]
    assert visit.log_in("grace", OTHER).headers["set-cookie"].partition(";")[0] != old
    assert visit.name() == "grace"
    assert Visit(gate)("GET", "/", headers={"cookie": old}).status_code == 401


def test_a_token_that_is_planted_before_the_login_is_worth_nothing_after_it(gate, visit):
    visit.client.cookies.set("footnote", "planted")
    visit.log_in()
    assert Visit(gate)("GET", "/", headers={"cookie": "footnote=planted"}).status_code == 401


def test_another_password_logs_out_everywhere_but_nobody_else(gate, users):
    ada, grace = Visit(gate), Visit(gate)
    ada.log_in()
    grace.log_in("grace", OTHER)
    users.change("ada", "another password")
    assert (ada.name(), grace.name()) == (None, "grace")


class Changing(Users):
    """Users of whom one gets another password, or is removed, while the password that was typed is looked at."""

    def check(self, name, password):
        found = super().check(name, password)
        self.meanwhile()
        return found


def test_a_password_that_is_changed_while_it_is_looked_at_lets_nobody_in(users, store):
    changing = Changing(store, CHEAP)
    for meanwhile in (lambda: users.change("ada", OTHER), lambda: users.remove("ada")):
        users.change("ada", PASSWORD)
        changing.meanwhile = meanwhile
        visit = Visit(Gate(echo, changing))
        assert visit.log_in().status_code == 401
        assert visit.name() is None


def test_a_session_that_begins_with_a_proof_of_before_is_nobodys(users):
    sessions, old = Sessions(users), users.check("ada", PASSWORD)
    users.change("ada", OTHER)
    assert sessions.find(sessions.begin("ada", old)) is None


def test_who_is_removed_is_logged_out_at_once_and_does_not_come_back_with_the_name(visit, users):
    visit.log_in()
    users.remove("ada")
    assert visit.name() is None
    users.add("ada", PASSWORD)
    assert visit.name() is None


def test_with_the_last_user_the_lock_goes_unless_others_can_reach_the_page(users):
    for always, name in ((False, ""), (True, None)):
        visit = Visit(Gate(echo, users, always=always))
        for user in users.names():
            users.remove(user)
        assert visit.name() == name


def test_the_first_user_locks_a_page_that_is_open(store):
    users = Users(store, CHEAP)
    visit = Visit(Gate(echo, users))
    assert visit.name() == ""
    users.add("ada", PASSWORD)
    assert visit.name() is None


def test_a_file_of_users_that_is_damaged_opens_nothing(visit, users, store):
    visit.log_in()
    (store / FILE_NAME).write_bytes(b"{")
    got = visit("GET", "/", headers=HTML)
    assert (got.status_code, got.json()["error"].startswith("The file of users")) == (503, True)
    assert visit.log_in().status_code == 503


def test_never_too_many_sessions_are_remembered(users, clock):
    sessions = Sessions(users, clock, most=3)
    tokens = [sessions.begin("ada", users.proof("ada")) for _ in range(5)]
    assert [bool(sessions.find(token)) for token in tokens] == [False, False, True, True, True]
    clock.now += IDLE + 1
    sessions.begin("ada", users.proof("ada"))
    assert len(sessions) == 1


# Guessing -------------------------------------------------------------------------------------------------------------


def test_a_wrong_password_and_a_wrong_name_are_told_alike(gate):
    told = [Visit(gate).log_in(name, "wrong password") for name in ("ada", "nobody")]
    assert [got.status_code for got in told] == [401, 401]
    assert all(WRONG.replace(".", "&#46;") in got.text for got in told)
    assert told[0].text.replace("ada", "nobody") == told[1].text


def test_what_was_typed_is_shown_again_without_the_password_and_without_running(visit):
    got = visit.log_in('"><script>alert(1)</script>', "a secret password")
    assert "<script" not in got.text
    assert "a secret password" not in got.text


def test_after_five_failures_each_try_from_there_waits_and_then_it_goes_on(gate, clock):
    late = Visit(gate)
    for _ in range(5):
        assert late.log_in(password="wrong password").status_code == 401
    got = late.log_in()
    assert (got.status_code, got.headers["retry-after"]) == (429, "1")
    assert "The next try is possible in 1 second&#46;" in got.text
    clock.now += 1
    assert late.log_in().status_code == 303


def test_who_knows_a_name_cannot_keep_its_owner_out(gate, clock):
    guessing, owner = Visit(gate, address="198.51.100.7"), Visit(gate)
    for _ in range(600):
        guessing.log_in(password="wrong password")
        clock.now += 1
    assert guessing.log_in().status_code == 429
    assert owner.log_in().status_code == 303


def test_who_guesses_from_many_addresses_waits_and_the_owner_does_not_where_they_have_been_before(gate, clock):
    owner = Visit(gate)
    assert owner.log_in().status_code == 303
    statuses = [Visit(gate, address=f"198.51.100.{n}").log_in(password="wrong one").status_code for n in range(110)]
    assert statuses == [401] * FREE_OF_NAME + [429] * 10
    assert Visit(gate, address="192.0.2.9").log_in().status_code == 429
    assert owner.log_in().status_code == 303


def test_an_address_that_tries_many_names_waits_for_all_of_them(gate, clock):
    visit = Visit(gate)
    assert [visit.log_in(f"name{n}").status_code for n in range(7)] == [401] * 5 + [429] * 2
    assert visit.log_in().status_code == 429
    assert Visit(gate, address="192.0.2.2").log_in().status_code == 303


def test_one_name_that_is_known_does_not_clear_the_way_to_others(gate, clock):
    visit = Visit(gate)
    statuses = []
    for n in range(4):
        statuses.append(visit.log_in("grace", f"wrong password {n}").status_code)
        statuses.append(visit.log_in("ada", PASSWORD).status_code)
    assert statuses == [401, 303] * 4
    assert visit.log_in("grace", "wrong password").status_code == 401
    assert visit.log_in("ada", PASSWORD).status_code == 429


def test_of_a_hundred_tries_at_once_five_are_looked_at(users, clock, monkeypatch):
    looked = []
    monkeypatch.setattr(users, "check", lambda *given: looked.append(given) or time.sleep(0.02))
    gate = Gate(echo, users, clock=clock)

    async def all_at_once():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://127.0.0.1") as client:
            tries = (client.post("/login", data={"username": "ada", "password": f"{n}"}) for n in range(100))
            return [got.status_code for got in await asyncio.gather(*tries)]

    statuses = asyncio.run(all_at_once())
    assert len(looked) == 5
    assert (statuses.count(401), statuses.count(429)) == (5, 95)


def test_more_logins_than_can_be_looked_at_are_told_to_come_back(users, clock, monkeypatch):
    monkeypatch.setattr(users, "check", lambda *_: time.sleep(0.2))
    gate = Gate(echo, users, clock=clock)

    async def one(n):
        transport = httpx.ASGITransport(gate, client=(f"192.0.2.{n}", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/login", data={"username": f"name{n}", "password": "x"})

    async def all_at_once():
        return await asyncio.gather(*(one(n) for n in range(MOST_LOGINS + 4)))

    busy = [got for got in asyncio.run(all_at_once()) if got.status_code == 503]
    assert len(busy) == 4
    assert BUSY.replace(".", "&#46;") in busy[0].text
    assert busy[0].headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 401),
        (b"username=ada", 401),
        (b"password=correct+horse", 401),
        (b'{"username": "ada", "password": "correct horse"}', 401),
        (b"username=ada&password=\xff", 401),
        (b"&".join([b"username=ada&password=correct+horse"] * 20), 401),
        (b"username=ada&password=wrong&password=correct+horse", 303),
        (b"username=ada&password=" + b"x" * 9000, 413),
    ],
)
def test_a_form_is_read_as_a_browser_sends_it_and_nothing_else(visit, body, status):
    assert visit("POST", "/login", content=body).status_code == status


def test_a_form_that_does_not_arrive_is_not_waited_for(users, monkeypatch):
    sent = []

    async def never():
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    quick = SimpleNamespace(most_bytes=100, most_seconds=0.05)
    monkeypatch.setattr(session, "_FORM", quick)
    scope = {"type": "http", "method": "POST", "path": "/login", "headers": [], "scheme": "http"}
    asyncio.run(Gate(echo, users)(scope, never, send))
    assert sent[0]["status"] == 408
