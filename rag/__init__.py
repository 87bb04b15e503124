"""How a question walks through, and how well.

For LangChain programs: `from rag import retriever, runnable`. Nothing is loaded before one of them is named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.doors.runnables import retriever, runnable

__all__ = ["retriever", "runnable"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of the two
    if name in __all__:
        return getattr(import_module("rag.doors.runnables"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
