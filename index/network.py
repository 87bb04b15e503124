"""Networks as ONNX files: the only import of openvino.

On two cores of an AMD EPYC (2026-11-29) 480 passages were embedded in .70 of the processor's time of torch, both in
bfloat16, and the reader read in .70 to .77 of that of onnxruntime.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.records import digest

# The precisions that a network can be run in, as openvino calls them.
_HINTS = {"float32": "f32", "bfloat16": "bf16"}
# How the file of a kept network ends, and how the name begins of what is being made, which whoever sweeps knows by it.
KEPT, MAKING = ".network", "making-"
# Bytes of the digest that a kept network begins with.
_DIGEST = 32


class Network:
    """The network in a file, run in a precision by so many threads; 0 for one on each processor that may be used.

    Safe to call from several threads. With `kept`, a folder, what is made of the file for this processor is kept there,
    which makes the next start faster; `name` then tells the file from others, as its digest does. Raises whatever
    openvino does where the file is none.
    """

    def __init__(
        self, file: Path, threads: int = 0, precision: str = "float32", kept: Path | None = None, name: str = ""
    ) -> None:
        plan = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": threads or _processors(),
            "PERFORMANCE_HINT": "LATENCY",
            # Of several processes on one machine each would choose the same processors.
            "ENABLE_CPU_PINNING": False,
        }
        self._network = _kept(file, plan, kept, name) if kept else _made(file, plan)
        self._inputs = {name for one in self._network.inputs for name in one.names}
        # What a thread runs it with, kept for the next one.
        self._idle: list[Any] = []

    def run(self, output: str, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """That output for these inputs; those that the network has no use for are left out."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._network.create_infer_request()
        said = request.infer({name: value for name, value in inputs.items() if name in self._inputs})
        given = np.array(said[output], dtype=np.float32)  # a copy: the next run writes over it
        self._idle.append(request)
        return given


def faster_precision() -> str:
    """Gives "bfloat16" where this processor has instructions for it, otherwise "float32"; so too without openvino."""
    with contextlib.suppress(ImportError):
        if "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            return "bfloat16"
    return "float32"


def _made(file: Path, plan: Mapping[str, Any]) -> Any:  # noqa: ANN401 - openvino is imported late
    return _core().compile_model(str(file), "CPU", dict(plan))


def _kept(file: Path, plan: Mapping[str, Any], folder: Path, name: str) -> Any:  # noqa: ANN401
    """What was kept of the file, for this processor and plan; made and kept now where it was not."""
    here = [_core().get_property("CPU", told) for told in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    place = folder / f"{digest('network', _openvino().get_version(), str(here), str(plan), name)}{KEPT}"
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # it is not there, or of no use
        found = _core().import_model(io.BytesIO(_read(place)), "CPU", dict(plan))
        os.utime(place)  # it is used
        return found
    made = _made(file, plan)
    with contextlib.suppress(OSError, RuntimeError):  # then it is made each time
        _write(place, made.export_model().getvalue())
    return made


def _read(file: Path) -> bytes:
    """What `_write` wrote. openvino does not see that a byte has changed: it answers otherwise, without a word."""
    said = file.read_bytes()
    if hashlib.sha256(memoryview(said)[_DIGEST:]).digest() != said[:_DIGEST]:
        raise ValueError("it is not as it was written")
    return said[_DIGEST:]


def _write(file: Path, said: bytes) -> None:
    """Writes it with its digest, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=MAKING, delete=False) as draft:
        try:
            draft.write(hashlib.sha256(said).digest())
            draft.write(said)
            draft.close()
            Path(draft.name).replace(file)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


@cache
def _core() -> Any:  # noqa: ANN401
    return _openvino().Core()


def _openvino() -> Any:  # noqa: ANN401
    # The tools that convert models tell their makers, at their import, that they were imported, and leave an id of this
    # machine in its home. openvino goes on without them, and they are not needed.
    for tools in ("openvino.tools.ovc", "openvino_telemetry"):
        sys.modules.setdefault(tools, None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _processors() -> int:
    """How many this process may use; where that is not told, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
