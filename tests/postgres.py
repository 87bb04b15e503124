"""A PostgreSQL of the tests' own: begun in a folder that goes with it, reached by a socket there and a password."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

USER, PASSWORD = "footnote", "open/sesame @ 7:30?"
# What it need not do for data that nobody wants tomorrow.
QUICK = "-F -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c shared_buffers=16MB"
PREPARES = "-c max_prepared_transactions=2"


class Server:
    """It can be stopped and started again, and what it has written can be read in its files."""

    def __init__(self, folder, programs):
        self.folder = folder
        self._programs = programs
        self.address = f"postgresql://{USER}:{quote(PASSWORD, safe='')}@/postgres?host={folder}"

    def begin(self):
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        for path in (self.folder, secret):
            shutil.chown(path, **_owner())
        self._run(
            "initdb", "-D", self.folder / "data", "-U", USER, "-A", "scram-sha-256", "--pwfile", secret,
            "-E", "UTF8", "--locale=C", "-N",
        )  # fmt: skip
        self.start()

    def start(self):
        with contextlib.suppress(OSError):
            (self.folder / "log").unlink()
        options = f"-k {self.folder} -c listen_addresses='' {QUICK} {PREPARES}"
        self._run("pg_ctl", "start", "-w", "-s", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options)

    def stop(self):
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", self.folder / "data")

    @contextlib.contextmanager
    def stopped(self):
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def frozen(self):
        """It takes what it is sent, and answers nothing."""
        own = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        sessions = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _parent(path) == own]
        for process in (own, *sessions):
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (own, *sessions):
                os.kill(process, signal.SIGCONT)

    def emptied(self):
        """Its address, when there is nothing in it."""
        self.execute("DROP SCHEMA IF EXISTS footnote CASCADE")
        return self.address

    def session(self, name="postgres", **options):
        """A session of the server's own user in the database of this name."""
        import psycopg

        return psycopg.connect(user=USER, password=PASSWORD, dbname=name, host=str(self.folder), **options)

    def execute(self, statement):
        """The rows of one statement, which belongs to no transaction."""
        with self.session(autocommit=True) as db:
            db.execute("SET search_path = footnote")
            done = db.execute(statement)
            return done.fetchall() if done.description else []

    def files(self):
        """All bytes of the tables, as they lie on the disk; not what is in the log of the server."""
        self.execute("CHECKPOINT")
        return b"".join(file.read_bytes() for file in (self.folder / "data" / "base").rglob("*") if file.is_file())

    def _run(self, program, *arguments):
        as_user = {"user": _owner()["user"], "group": _owner()["group"], "extra_groups": []} if _owner() else {}
        ran = subprocess.run(
            [self._programs / program, *arguments], cwd=self.folder, env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120,
            **as_user,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr


def _parent(process):
    """The number of the process that began this one; 0 where it has ended."""
    with contextlib.suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _owner():
    """Who runs it where the tests are root's: PostgreSQL refuses root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid}
    return {}


def programs():
    """The folder of PostgreSQL's programs, the newest; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@pytest.fixture(scope="session")
def postgres():
    """A server for all tests, which is started by the first that asks for it."""
    for library in ("sqlalchemy", "psycopg"):
        pytest.importorskip(library, reason=f"{library} is not installed: pip install -r requirements-postgres.txt")
    if not programs():
        pytest.skip("PostgreSQL is not installed, so nothing of a shared database is tested: make postgres")
    folder = Path(tempfile.mkdtemp(prefix="footnote-"))
    server = Server(folder, programs())
    try:
        server.begin()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def database(postgres):
    """The address of a database in which there is nothing."""
    return postgres.emptied()
