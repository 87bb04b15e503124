"""Networks as ONNX files: the only import of onnxruntime for those who ask and answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Network:
    """The network in a file, run by so many threads; 0 for one on each processor that this process may use.

    Safe to call from several threads. Raises whatever onnxruntime does where the file is none.
    """

    def __init__(self, file: Path, threads: int = 0) -> None:
        # Once it is imported it keeps an id of this machine, and what it will tell its makers.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = threads or _processors()
        # Threads that wait by spinning take the processor from other networks.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._inputs = {one.name for one in self._session.get_inputs()}

    def run(self, output: str, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """That output for these inputs; those that the network has no use for are left out."""
        (given,) = self._session.run([output], {name: value for name, value in inputs.items() if name in self._inputs})
        return np.asarray(given, dtype=np.float32)


def _processors() -> int:
    """How many this process may use; where that is not told, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
