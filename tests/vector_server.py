"""A Chroma server for tests: the real one, on a free port of loopback, over a folder of its own."""

import os
import signal
import socket
import subprocess
import sys

from doors import until

from index.server import Server

PATIENCE = 60
_RUN = "import sys; sys.argv[0] = 'chroma'; from chromadb.cli.cli import app; app()"


class VectorServer:
    """`chroma run` over a folder. It may be killed and started again, at the same address."""

    def __init__(self, folder):
        self.folder = folder
        self._port = free_port()
        self._process = None
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._port}"

    @property
    def server(self):
        return Server(self.address)

    def start(self):
        place = ["--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self._port)]
        with (self.folder.parent / f"{self.folder.name}.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _RUN, "run", *place], stdout=log, stderr=log, cwd=self.folder.parent
            )
        until(lambda: self._answers() or self._process.poll() is not None, PATIENCE)
        assert self._process.poll() is None, "chroma run has ended"

    def kill(self):
        self._process.kill()
        self._process.wait(PATIENCE)

    def freeze(self):
        """It takes connections and does not answer."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
            return True
        except OSError:
            return False


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
