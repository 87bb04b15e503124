"""Every text of the page in every language, figures and days as its readers write them, and what other rooms say."""

import ast
import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from scripted_page import (
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
from index.records import Overview
from index.sources.fetcher import _said
from page import language, phrases
from page.chat import answer_html
from page.exported import exported_html
from page.language import ENGLISH, LANGUAGES, catalogue, figures, known, say, several, short, spoken_in
from page.login import WRONG, login_html
from page.speaking import SCRIPT, spoken
from page.words import lang_html, tell, told_html
from rag import wording
from rag.answers import Answer, Question, Refusal
from rag.conversations import Conversations
from rag.evals.comparisons import Verdict
from rag.evals.losses import SAYINGS as LOST
from rag.evals.making.make import SHARES
from rag.evals.making.writing import UNANSWERABLE
from rag.evals.marks import KIND as MARKED_KIND
from rag.evals.report.findings import Fault
from rag.kept_to import kept_to
from rag.running import Facts, size
from rag.writing.writer import _note

ROOT = Path(__file__).parent.parent
OTHERS = [code for code in LANGUAGES if code != ENGLISH]
FIELD = re.compile(r"\{(\w+)\}")
# The places, in the order of their arguments, that hold a text to be looked up.
LOOKUPS = {"say": [0], "tell": [0], "later": [0], "label": [0], "several": [1, 2]}


def in_german(draw):
    return spoken_in("de", draw)


def trees(*places):
    files = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in files]


def calls(*places):
    for tree in trees(*places):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOOKUPS:
                yield ast.unparse(node.func), node


@cache
def looked_up():
    """The texts that the code gives to a lookup: (text, whether it counts)."""
    found = {(text, False) for text in spoken(SCRIPT.read_text(encoding="utf-8"))}
    for name, node in calls(ROOT / "app.py", ROOT / "page"):
        argument = node.args[LOOKUPS[name][-1]]
        if isinstance(argument, ast.Constant):
            found.add((argument.value, name == "several"))
    return found


def forms(given):
    return [given] if isinstance(given, str) else list(given.values())


@pytest.mark.parametrize("code", OTHERS)
def test_each_text_of_the_page_is_there_in_each_language_and_none_is_left_over(code):
    assert set(catalogue(code).texts) == {text for text, _ in looked_up()}


@pytest.mark.parametrize("code", OTHERS)
def test_what_counts_has_a_form_for_each_number_and_nothing_else_has(code):
    counting = {text for text, counts in looked_up() if counts}
    texts = catalogue(code).texts
    assert {text for text, given in texts.items() if not isinstance(given, str)} == counting
    assert all(set(texts[text]) == {"one", "other"} for text in counting)


@pytest.mark.parametrize("code", OTHERS)
def test_a_text_has_the_same_fields_in_each_language(code):
    read = json.loads((language.FOLDER / f"{code}.json").read_text(encoding="utf-8"))
    for english, given in (read["texts"] | read["sentences"]).items():
        for form in forms(given):
            assert sorted(FIELD.findall(form)) == sorted(FIELD.findall(english)), english


def test_a_lookup_is_given_a_text_that_can_be_read_in_the_code_or_one_that_is_marked_for_it():
    for name, node in calls(ROOT / "app.py", ROOT / "page"):
        for place in LOOKUPS[name]:
            argument = node.args[place]
            assert not isinstance(argument, ast.JoinedStr), ast.unparse(node)
            assert name not in ("several", "label", "later") or isinstance(argument, ast.Constant), ast.unparse(node)


def test_the_fields_of_a_text_are_those_that_it_is_given():
    for name, node in calls(ROOT / "page"):
        text = node.args[LOOKUPS[name][-1]]
        given = {keyword.arg for keyword in node.keywords}
        if isinstance(text, ast.Constant) and name != "later" and None not in given:
            assert given | ({"n"} if name == "several" else set()) == set(FIELD.findall(text.value)), ast.unparse(node)


@cache
def said_below():
    """What index/ and rag/ say, and errors of the page: patterns of texts, with anything where there is a value."""
    shapes = []
    for node in (node for tree in trees(ROOT / "index", ROOT / "rag", ROOT / "page") for node in ast.walk(tree)):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = [node.value]
        else:
            continue
        letters = sum(len(re.findall(r"\w", part)) for part in parts if part)
        if letters:
            shape = "".join(".+" if part is None else re.escape(part) for part in parts)
            # One that follows another begins with a space.
            shapes.append((letters, re.compile(shape.removeprefix("\\ "), re.DOTALL)))
    return shapes


# What is put together of several texts.
SEARCHED = Overview(15, 63, date(2024, 1, 3), date(2024, 12, 12), 2, 4)
MADE = [
    wording.extent(SEARCHED), wording.extent(replace(SEARCHED, articles=1)), wording.counted(2, "article"),
    *map(size, (10**10, 10**7, 10**4)), _note("x"), "it", "line 3", "damaged OpenDocument text",
    *(_said(SimpleNamespace(status=status), until) for status in (404, 799) for until in (0, 1)),
    *{json.loads(line)["kind"] for line in (ROOT / "seeds" / "questions.jsonl").read_text("utf-8").splitlines()},
    'Write x = "...".',
]  # fmt: skip


def is_said(sentence):
    """Whether a text below is this sentence, and not only by what it may have in its fields."""
    filled = FIELD.sub("x", sentence).replace("the first ten", "the first k")
    most = len(re.findall(r"\w", filled))
    ways = (filled, filled.removesuffix("."))
    return any(3 * n >= most and shape.fullmatch(way) for n, shape in said_below() for way in ways)


def is_made(sentence):
    return any(language._shape(sentence).search(made) for made in MADE)


@pytest.mark.parametrize("code", OTHERS)
def test_each_sentence_that_is_translated_is_said_somewhere(code):
    sentences = json.loads((language.FOLDER / f"{code}.json").read_text(encoding="utf-8"))["sentences"]
    unsaid = [one for one in sentences if not (is_said(one) or all(map(is_said, one.split("; "))) or is_made(one))]
    assert [one for one in unsaid if not is_told(one)] == []


# What index/ and rag/ may have to tell a reader, found where it is raised --------------------------------------------

# Doors for programs, and what is told in the terminal before there is a page.
NOT_HEARD = {"app", "page.guard", "index.sharing"} | {
    f"rag.doors.{door}" for door in ("admission", "chat_completions", "library", "rest", "serving", "tracing")
}
# What passes between processes of ours, what files call their styles, and what is told of each kind of file below.
NEVER_SEEN = {
    "index.sources.frames",
    "index.sources.workers.said without being asked",
    "index.sources.word.row of x",
    "index.sources.archive.damaged x",
    "index.sources.archive.damaged x: a part of it is missing",
}
A_WORD = re.compile(r"\b(?:a|an|be|been|could|has|in|is|it|its|no|not|of|than|the|to|too)\b")


@cache
def modules():
    files = [ROOT / "app.py", *(file for room in ("index", "rag", "page") for file in (ROOT / room).rglob("*.py"))]
    named = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in named.items()}


@cache
def reached():
    """The modules that the page imports, each with its tree; a set is made by what the command line makes it with."""
    found, waiting = {}, ["app", "rag.evals.making.make", "rag.evals.making.writing"]
    while waiting:
        name = waiting.pop()
        if name in modules() and name not in found:
            found[name] = modules()[name]
            for node in ast.walk(found[name]):
                if isinstance(node, ast.ImportFrom) and node.module:
                    waiting += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
                elif isinstance(node, ast.Import):
                    waiting += [one.name for one in node.names]
    return found


@cache
def errors():
    """What errors are called whose words a reader is told."""
    found, before = {"FootnoteError", "WriterFailed"}, set()
    classes = [node for tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while found != before:
        before = set(found)
        found |= {one.name for one in classes if any(ast.unparse(base) in found for base in one.bases)}
    return found


class Texts(ast.NodeVisitor):
    """The texts that the errors of a module may be made of, and, for `of_reasons`, those that its functions give.

    Where a text has a value, "x" stands; where it is chosen among several, there is one of each.
    """

    def __init__(self, tree, name, of_reasons):
        self.tree, self.name, self.of_reasons = tree, name, of_reasons
        self.scopes, self.found = [tree], []

    def visit_FunctionDef(self, node):
        self.scopes.append(node)
        self.generic_visit(node)
        self.scopes.pop()

    def visit_Call(self, node):
        if ast.unparse(node.func).rpartition(".")[2] in errors():
            for argument in node.args[:2]:
                self.found += self.of(argument) or []
        elif self.of_reasons and ast.unparse(node.func)[:1].isupper():
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self.reason(argument)
        self.generic_visit(node)

    def visit_Return(self, node):
        if self.of_reasons and node.value:
            self.reason(node.value)
        self.generic_visit(node)

    def reason(self, node):
        """Notes what may be why a source is left out: some words that are no name and no sentence of ours."""
        for text in self.of(node) or []:
            if A_WORD.search(text) and " " in text and text[0].islower():
                self.found.append(text)

    def of(self, node, deep=0):
        """The texts that this may be; None for what cannot be read in the code."""
        if deep > 8:
            return None
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else None
        if isinstance(node, ast.IfExp):
            return [*(self.of(node.body, deep + 1) or []), *(self.of(node.orelse, deep + 1) or [])] or None
        if isinstance(node, ast.JoinedStr):
            parts = [self.of(getattr(part, "value", part), deep + 1) if isinstance(part, ast.FormattedValue)
                     else [part.value] for part in node.values]  # fmt: skip
            return ["".join(chosen) for chosen in product(*(part or ["x"] for part in parts))]
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return self.of_table(node.value.id, lambda value: self.of(value, deep + 1))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            whole = self.of(node.func.value, deep + 1)
            return whole and [FIELD.sub("x", text) for text in whole]
        return self.of_name(node.id, deep) if isinstance(node, ast.Name) else None

    def of_name(self, name, deep):
        """What is assigned to it in the function, or what calls of the function give for it."""
        function, found = self.scopes[-1], []
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id == name:
                        found += self.of(node.value, deep + 1) or []
                    elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Subscript):
                        places = [n for n, one in enumerate(target.elts) if ast.unparse(one) == name]
                        found += [t for n in places for t in self.of_item(node.value, n, deep) or []]
        given = [one.arg for one in getattr(function, "args", ast.arguments(args=[])).args]
        if name in given and "wrong" in function.name:
            place = given.index(name) - (given[0] == "self")
            for module, tree in reached().items():
                calls = Texts(tree, module, of_reasons=False)
                found += calls.given_to(function.name, place, deep)
        return found or None

    def given_to(self, function, place, deep):
        return [
            text
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function and node.args
            for text in self.of(node.args[place], deep + 1) or []
        ]

    def of_item(self, node, place, deep):
        return self.of_table(ast.unparse(node.value), lambda value: self.of(value.elts[place], deep + 1))

    def of_table(self, name, read):
        tables = [node.value for node in self.tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
                  and name in map(ast.unparse, getattr(node, "targets", None) or [node.target])]  # fmt: skip
        values = [value for table in tables if isinstance(table, ast.Dict) for value in table.values]
        return [text for value in values for text in read(value) or []] or None


@cache
def told():
    """Every sentence that the page may have to tell of what went wrong below it, by where it is raised."""
    found = {}
    for name, tree in reached().items():
        if name not in NOT_HEARD | NEVER_SEEN:
            texts = Texts(tree, name, of_reasons=name.startswith("index.sources"))
            texts.visit(tree)
            for text in texts.found:
                if re.search("[a-z]", text) and f"{name}.{text}" not in NEVER_SEEN:
                    found[text] = name
    return found


def is_told(sentence):
    """Whether it is one of those, or a part of one."""
    shape = language._shape(sentence)
    parts = ((text, text.partition(": ")[2], *re.split(r"(?<=[.!?])\s", text)) for text in told())
    return any(shape.fullmatch(part) for of_one in parts for part in of_one)


def test_what_can_go_wrong_is_found_in_the_code():
    assert len(told()) > 300
    assert told()["The embedding model x is not on this machine"] == "index.embedder"
    assert told()["the site is too slow"] == "index.sources.fetcher"
    assert "x: 'asked' is no time: x" in told()


@pytest.mark.parametrize("code", OTHERS)
def test_what_can_go_wrong_is_told_in_each_language(code):
    # Where a line of a set is wrong, it is named.
    said = [text.replace("x: ", "questions.jsonl line 7: ", 1) if told()[text] == "rag.evals.jsonl" else text
            for text in told()]  # fmt: skip
    for what in ("zip", "EPUB", "Word document", "OpenDocument text"):
        said += [f"damaged {what}", f"damaged {what}: a part of it is missing"]
    assert [text for text in said if spoken_in(code, lambda text=text: known(text)) is None] == []


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_running_and_how_runs_ended_is_told_in_each_language(code):
    running = Texts(modules()["rag.running"], "rag.running", of_reasons=False)
    said = [text for node in ast.walk(running.tree) for text in facts_of(running, node) if text != "x"]
    assert {"What answers", "Embedding model", "x times", "None. No use is counted or told."} <= set(said)
    said += [*Fault, *Verdict, *LOST.values(), *wording.SAYINGS.values(), *wording.DOUBTS.values()]
    said = [str(text).replace("the first k", "the first ten") for text in said]
    assert [text for text in said if spoken_in(code, lambda text=text: known(text)) is None] == []


def facts_of(texts, node):
    """The texts of a fact, or of the heading of some."""
    given = node.value.elts if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) else []
    given = node.args[:1] if isinstance(node, ast.Call) and ast.unparse(node.func) == "Facts" else given
    return [text for one in given for text in texts.of(one) or []]


@pytest.mark.parametrize("code", OTHERS)
def test_the_kinds_of_questions_are_told_in_each_language(code):
    seeds = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    kinds = {*SHARES, MARKED_KIND, UNANSWERABLE, *(json.loads(line)["kind"] for line in seeds)}
    assert {kind for kind in kinds if spoken_in(code, lambda kind=kind: known(kind)) is None} == set()


@pytest.mark.parametrize("code", OTHERS)
def test_the_lists_in_which_a_passage_has_a_rank_are_told_in_each_language(code):
    lists = [node.args[0] for node in ast.walk(modules()["rag.retrieve"])
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "Stage"]  # fmt: skip
    finders = next(node for node in ast.walk(modules()["rag.retrieve"])
                   if isinstance(node, ast.FunctionDef) and node.name == "gathered")  # fmt: skip
    keys = [key for node in ast.walk(finders) if isinstance(node, ast.Dict) for key in node.keys]
    keys += [node.slice for node in ast.walk(finders) if isinstance(node, ast.Subscript)]
    given = (one.value for one in (*lists, *keys) if isinstance(one, ast.Constant))
    names = {one for one in given if isinstance(one, str)}
    assert names == {"dense", "lexical", "lexical among named", "fused"}
    assert {name for name in names if spoken_in(code, lambda name=name: known(name)) is None} == set()


# How it reads --------------------------------------------------------------------------------------------------------


def test_figures_and_days_are_as_a_german_reader_writes_them():
    assert in_german(lambda: figures("4,418.5")) == "4.418,5"
    assert in_german(lambda: short(date(2024, 2, 3))) == "3. Feb. 2024"
    assert in_german(lambda: language.dated(date(2024, 2, 3), say("d MMMM y"))) == "3. Februar 2024"
    assert in_german(lambda: several(4418, "{n} article", "{n} articles")) == "4.418 Artikel"
    assert in_german(lambda: several(1, "{n} passage", "{n} passages")) == "1 Abschnitt"


@pytest.mark.parametrize("day", [None, date(2024, 1, 3), date(1999, 12, 31), date(2024, 9, 9)])
def test_a_day_in_english_is_what_every_front_says(day):
    assert short(day) == wording.short(day)


@pytest.mark.parametrize("number", [0, 1, 2, 1200])
def test_a_count_in_english_is_what_every_front_says(number):
    assert several(number, "{n} article", "{n} articles") == wording.counted(number, "article")


@pytest.mark.parametrize(
    "searched",
    [
        Overview(15, 63, date(2024, 1, 3), date(2024, 12, 12), 2, 4),
        Overview(1, 1, date(2024, 1, 3), date(2024, 1, 3), 0, 1),
        Overview(0, 0, None, None, 0, 0),
    ],
)
def test_what_was_searched_is_in_english_what_every_front_says(searched):
    assert phrases.looked_through(searched) == wording.looked_through(searched)


@pytest.mark.parametrize("given", [("",), ("Packet", "Calloway"), ("", "", "2024-01-03", "2024-02-03")])
def test_what_an_answer_was_kept_to_is_in_english_what_every_front_says(given):
    question = Question("Who?", only=kept_to(*given))
    answer = Answer(
        question, "Who?", (), (), (), Overview(1, 1, None, None, 1, 1), "x", Refusal.NOT_SUPPORTED,
        unknown=("lynx", "fox"),
    )  # fmt: skip
    # On the page no line breaks inside of a day.
    assert phrases.restriction(answer).replace("\u00a0", " ") == wording.restriction(answer)
    assert phrases.missing(answer) == wording.missing(answer)


def test_a_refusal_is_drawn_in_german():
    answer = Answer(
        Question("Lynx?"), "Lynx?", (), (), (), Overview(15, 63, None, None, 15, 4), "x", Refusal.NOT_SUPPORTED,
        unknown=("lynx",), timings={"total": 0.5},
    )  # fmt: skip
    drawn = in_german(lambda: answer_html(1, answer))
    assert "Die Artikel sagen es nicht&#46;" in drawn
    assert "In keinem Artikel steht das Wort „lynx“&#46;" in drawn
    assert "15 Artikel, 63 Abschnitte · 0,50 s" in drawn


def test_a_day_in_a_sentence_of_an_error_is_as_the_reader_writes_it():
    said = "No day is both after 2024-05-03 and before 2024-01-30. Give the earlier one first."
    assert in_german(lambda: known(said)) == (
        "Kein Tag liegt nach 3. Mai 2024 und vor 30. Jan. 2024. Den früheren zuerst angeben."
    )


def test_the_login_page_and_a_conversation_that_is_taken_along_are_marked_as_german():
    assert '<html lang="de">' in in_german(lambda: login_html(WRONG))
    assert "Der Name oder das Passwort stimmt nicht&#46;" in in_german(lambda: login_html(WRONG))
    assert '<html lang="de">' in in_german(lambda: exported_html("", []))
    assert '<html lang="en">' in login_html()


# Sentences of index/ and rag/ ----------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    """A language with four sentences and a text."""
    sentences = {
        "The index is damaged": "Der Index ist beschädigt",
        "Your articles do not say.": "Die Artikel sagen es nicht.",
        "{name} does not exist": "{name} gibt es nicht",
        "refused, because it is larger than {n} MB": "abgelehnt, weil größer als {n} MB",
    }
    texts = {"Ask": "<b>Fragen</b> ${x}", "by {name}": "von <i>{name}</i>"}
    shapes = {language._shape(sentence): text for sentence, text in sentences.items()}
    monkeypatch.setattr(language, "catalogue", lambda _: language.Catalogue(texts, shapes))


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("The index is damaged", "Der Index ist beschädigt"),
        ("The index is damaged. Your articles do not say.", "Der Index ist beschädigt. Die Artikel sagen es nicht."),
        ("/a b/c.md does not exist.", "/a b/c.md gibt es nicht."),
        ("Your articles do not say. a.md does not exist.", "Die Artikel sagen es nicht. a.md gibt es nicht."),
        ("St. Ives does not exist", "St. Ives gibt es nicht"),
        ("a does not exist. " * 30 + "b", None),
        ("refused, because it is larger than 1,200.5 MB", "abgelehnt, weil größer als 1.200,5 MB"),
        ("0.52", "0.52"),
        ("The index is damaged. Nobody has translated this.", None),
        ("The index is damage", None),
    ],
)
def test_a_sentence_is_known_whole_or_not_at_all(said, read):
    assert in_german(lambda: known(said)) == read


@pytest.mark.usefixtures("few")
def test_a_sentence_that_is_not_known_is_marked_as_english():
    assert in_german(lambda: told_html("All <b>lost</b>")) == (
        '<span lang="en">All &#60;b&#62;lost&#60;&#47;b&#62;</span>'
    )
    assert told_html("All lost") == "All lost"


@pytest.mark.usefixtures("few")
def test_markup_in_a_translation_or_in_what_is_filled_in_is_text():
    assert in_german(lambda: tell("Ask")) == "&#60;b&#62;Fragen&#60;&#47;b&#62; &#36;&#123;x&#125;"
    drawn = in_german(lambda: tell("by {name}", name="<script>{name}</script>"))
    assert drawn == ("von &#60;i&#62;&#60;script&#62;&#123;name&#125;&#60;&#47;script&#62;&#60;&#47;i&#62;")


def test_a_text_of_another_language_says_so():
    assert in_german(lambda: lang_html("en")) == ' lang="en"'
    assert in_german(lambda: lang_html("de")) == ""
    assert in_german(lambda: lang_html(None)) == ""
    assert lang_html("en") == ""
    assert lang_html('x" onload="') == ' lang="x&#34; onload&#61;&#34;"'


# In a browser --------------------------------------------------------------------------------------------------------

# The texts that are seen or read out, without those that are marked as of another language.
SEEN_TEXTS = """() => {
  const own = (e) => e.closest("[lang]").lang === document.documentElement.lang;
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("svg.plot, style, script");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const at = walker.currentNode.parentElement;
    if (seen(at) && own(at)) texts.push(walker.currentNode.textContent);
  }
  for (const e of document.querySelectorAll("[placeholder], [aria-label], [title]")) {
    if (!seen(e) || !own(e)) continue;
    texts.push(...["placeholder", "aria-label", "title"].map((name) => e.getAttribute(name) ?? ""));
  }
  return texts.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    assistant, library = Scripted(), Shelved()
    store = tmp_path_factory.mktemp("store")
    past = Conversations(store)
    facts = (
        Facts("What answers", (("Reader", "Footnote's own, which comes with it"), ("Ranker", "my own"))),
        Facts("The index", (("Articles", wording.extent(SEARCHED)), ("On disk", size(10**7)))),
    )
    syncing = Syncing(assistant, store)
    syncing.go.set()
    blocks = app.page(assistant, library, syncing, ["River?"], past, Unmarked(), lambda: facts)
    with serving(app.serve(blocks, past, library, store)) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}")


# The folder that is followed on the page; a field of a sentence is called so too.
FOLLOWED = "articles"


def left_in_english(texts):
    """Those that are a text of the page as it stands in the code, or one with its fields filled in."""
    german = dict(catalogue("de").texts)
    sentences = json.loads((language.FOLDER / "de.json").read_text(encoding="utf-8"))["sentences"]
    texts = {part for text in texts for part in (text, *text.split(" · "))} - {FOLLOWED}
    same = {text for text, given in (german | sentences).items() if text in forms(given)}
    shapes = {text: language._shape(text) for text in german if FIELD.search(text) and re.search(r"[a-z]{3}", text)}
    told = {text for shape in shapes for text in texts if shapes[shape].fullmatch(text) and _is_english(shape, text)}
    return (texts & ((german.keys() | sentences.keys()) - same)) | told


def _is_english(english, text):
    """Whether the text fits the English and no German one, as "S. 3" fits both."""
    given = catalogue("de").texts.values()
    return not any(language._shape(form).fullmatch(text) for one in given for form in forms(one) if form != english)


@browser_test
@pytest.mark.parametrize("width", [1400, 390])
def test_a_german_reader_sees_no_english_word_of_the_page(chromium, site, width):
    seen = []

    def look(page):
        page.wait_for_timeout(100)
        texts = page.evaluate(SEEN_TEXTS)
        assert left_in_english(texts) == set()
        seen.extend(texts)

    with visiting(chromium, site, width, 900, locale="de-DE") as page:
        assert page.evaluate("document.documentElement.lang") == "de"
        look(page)
        page.press("#question textarea", "Enter")
        page.locator(".toast-body").wait_for()
        look(page)
        for question in ("River?", "Mayor?", "Broken?", "Bug?", "Leaning?"):
            ask(page, question)
            look(page)
        page.click("#filters summary")
        page.fill("#filters [name=author]", "Brandt")
        look(page)
        page.keyboard.press("Escape")
        page.click("#pasts")
        page.locator("#kept .past").first.wait_for()
        page.click("#kept summary >> nth=0")
        look(page)
        page.click("#kept a[href^='#remove-'] >> nth=0")
        page.locator("dialog").wait_for()
        look(page)
        page.click("dialog button >> nth=0")
        page.keyboard.press("Escape")
        follow(page, "near-2-1")
        look(page)
        page.keyboard.press("Escape")
        articles(page)
        look(page)
        page.click("#listing .follows summary")
        page.click("#listing .numbers summary")
        page.click("#add")
        page.locator("#said .trouble").wait_for()
        look(page)
        page.fill("#find input, #find textarea", "nowhere")
        page.locator("#listing .nothing").wait_for()
        look(page)
        page.click("#sync")
        page.locator("#synced details").wait_for()
        look(page)
        for room, drawn in (("evals", "#evals .trouble"), ("settings", "#facts .settings")):
            page.click(f"#rooms a[href='#room-{room}']")
            page.locator(drawn).wait_for()
            look(page)
        assert page.faults == []
    german = {form for given in catalogue("de").texts.values() for form in forms(given)}
    assert len(german & set(seen)) > 50
    assert page.outside == []


def test_what_a_server_refuses_of_an_upload_is_told_in_the_language_of_the_reader(site):
    for accepted, told, hint in (("de-AT", "ist von einer Art", "Lesbar sind:"), ("fr", "is of a kind", "These can")):
        got = httpx.put(f"{site.url}/articles/files/a.exe", content=b"x", headers={"accept-language": accepted})
        assert (got.status_code, got.headers["content-language"]) == (400, "de" if accepted == "de-AT" else "en")
        assert told in got.json()["error"]
        assert got.json()["hint"].startswith(hint)


@browser_test
def test_a_day_in_a_filter_is_as_the_reader_writes_it(chromium, site):
    for locale, said in (("de-DE", "ab 3. Mai 2024"), ("en-GB", "from 3 May 2024"), ("en-US", "from 3 May 2024")):
        with visiting(chromium, site, locale=locale) as page:
            page.click("#filters summary")
            page.fill("#filters [name=first]", "2024-05-03")
            assert page.locator("#chips button").all_text_contents() == [said]


@browser_test
def test_each_reader_is_answered_in_their_own_language_whoever_came_first(chromium, site):
    with visiting(chromium, site) as english, visiting(chromium, site, locale="de-AT") as german:
        for _ in range(2):
            assert "Your articles do not say." in ask(english, "Mayor?").text_content()
            assert "Die Artikel sagen es nicht." in ask(german, "Mayor?").text_content()
        assert english.evaluate("document.documentElement.lang") == "en"


@browser_test
def test_a_language_that_is_chosen_by_hand_holds_for_the_whole_page(chromium, site):
    with visiting(chromium, site, locale="fr-FR") as page:
        assert page.get_attribute("#question textarea", "placeholder") == "Ask your articles"
        page.click("#rooms a[href='#room-settings']")
        with page.expect_navigation():
            page.select_option("#language", "de")
        page.wait_for_selector(".welcome")
        assert page.get_attribute("#question textarea", "placeholder") == "Artikel fragen"
        assert page.locator("#rooms a >> nth=3").text_content() == "Einstellungen"
        page.goto(site.url)
        page.wait_for_selector(".welcome")
        assert page.evaluate("document.documentElement.lang") == "de"
        page.click("#rooms a[href='#room-settings']")
        assert page.locator("#language").input_value() == "de"


@browser_test
def test_what_the_index_says_and_no_language_knows_is_marked_as_english(chromium, site):
    with visiting(chromium, site, locale="de-DE") as page:
        page.click("#rooms a[href='#room-evals']")
        said = page.locator("#evals .trouble [lang=en]")
        said.wait_for()
        assert said.text_content() == "Nothing is measured here. Open the page of a store."
