"""The language model that is configured, through LangChain; keys come from the environment alone.

Whatever goes wrong with one is a WriterFailed that says so in a few words: the answer is there without it.
"""

from __future__ import annotations

import contextvars
import importlib.util
import logging
import os
import queue
import re
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import UsageError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

log = logging.getLogger(__name__)

# How many questions may be waiting for their turn with a model at once.
AT_ONCE = 4
# An answer of which no end can be seen.
MOST_CHARACTERS = 30_000
# What a provider calls the end of an answer that is whole, and of one that became too long.
_WHOLE = {"stop", "end_turn", "stop_sequence", "eos"}
_TOO_LONG = {"length", "max_tokens"}
_NO_KEY = re.compile(r"[^!-~]")


@dataclass(frozen=True, slots=True)
class _Provider:
    package: str
    needs: str
    key: str
    asks: bool = True  # whether it has no answer without a key


PROVIDERS = {
    "openai": _Provider("langchain_openai", "requirements.txt", "OPENAI_API_KEY"),
    "anthropic": _Provider("langchain_anthropic", "requirements-anthropic.txt", "ANTHROPIC_API_KEY"),
    "google_genai": _Provider("langchain_google_genai", "requirements-google.txt", "GOOGLE_API_KEY"),
    "ollama": _Provider("langchain_ollama", "requirements-ollama.txt", "OLLAMA_API_KEY", asks=False),
}


@dataclass(frozen=True, slots=True)
class Writing:
    """The settings of [write]: which language model writes, and how long it may take.

    `model` is PROVIDER:NAME, "" for none; with `base_url`, "openai" is any server that speaks its protocol, and of the
    others it is the address before the path that their protocol has. It may be silent for `timeout` seconds, is asked
    again `retries` times where it is busy or cannot be reached, and at most `per_minute` times a minute, 0 for no
    limit. `window` and `longest` are the tokens that it reads, answer included, and that it writes.
    """

    model: str = ""
    base_url: str = ""
    timeout: float = 60.0
    retries: int = 2
    per_minute: int = 0
    window: int = 8_192
    longest: int = 800
    temperature: float = 0.0

    def __post_init__(self) -> None:
        provider, _, name = self.model.partition(":")
        if self.model and (provider not in PROVIDERS or not name):
            raise UsageError(
                f"[write] model is {self.model!r}", f"Write PROVIDER:NAME; providers are {', '.join(PROVIDERS)}."
            )
        if self.timeout <= 0 or self.retries < 0 or self.per_minute < 0 or not 0 <= self.temperature <= 2:
            raise UsageError(
                "[write] has a number that cannot be", "Seconds are above 0, counts from 0, temperature from 0 to 2."
            )
        if self.longest < 50 or self.window < 4 * self.longest // 3:
            raise UsageError(
                f"[write] window is {self.window} and longest {self.longest}",
                "At least 50 tokens are written, and the window holds them and the passages.",
            )

    @property
    def patience(self) -> float:
        """The seconds that may pass before the first piece: all tries, with pauses between, and waiting for a turn."""
        waiting = 60 * AT_ONCE / self.per_minute if self.per_minute else 0
        return (self.retries + 2) * self.timeout + waiting

    def checked(self, environ: Mapping[str, str] | None = None) -> Writing:
        """The same. Raises UsageError where a package or a key that the model needs is missing, or is no key."""
        if not self.model:
            return self
        provider = PROVIDERS[self.model.partition(":")[0]]
        if importlib.util.find_spec(provider.package) is None:
            raise UsageError(f"{self.model} needs more packages", f"Run `pip install -r {provider.needs}`.")
        own = self.base_url and self.model.startswith("openai:")  # a server of one's own asks for no key
        key = (os.environ if environ is None else environ).get(provider.key, "")
        if provider.asks and not own and not key:
            raise UsageError(
                f"{self.model} needs a key",
                f"Set {provider.key} in the environment, or use an openai: model with [write] base_url.",
            )
        if _NO_KEY.search(key):  # no header can hold it, and the libraries' errors would repeat it
            raise UsageError(
                f"{provider.key} has a character that is in no key",
                "Set it without blanks, a line's end or anything else around the key.",
            )
        return self


class WriterFailed(Exception):
    """The language model gave no answer that can be used; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a model has written so far. `cut` says that the text ends because it became too long."""

    text: str
    whole: bool = False
    cut: bool = False


class ChatModel:
    """A LangChain chat model that is made at the first request. Safe to share between threads."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self._made: BaseChatModel | None = None
        self._making = threading.Lock()

    @property
    def name(self) -> str:
        """What an answer says that it was written by."""
        return self.writing.model

    def tell(self, messages: Sequence[tuple[str, str]]) -> Iterator[Told]:
        """What it writes for these (role, text), each time all of it; the last is whole or cut. Raises WriterFailed."""
        text, reason = "", ""
        try:
            for chunk in self._heard(messages):
                text += _text(chunk)
                reason = _reason(chunk.response_metadata) or reason
                if len(text) > MOST_CHARACTERS:
                    raise WriterFailed("it wrote without an end")
                yield Told(_said(text))
        except WriterFailed:
            raise
        except Exception as error:  # of any library below, none of which has one class for all
            raise WriterFailed(_why(error, self.writing)) from error
        if reason not in _WHOLE | _TOO_LONG:
            raise WriterFailed(f"it ended with {reason!r}" if reason else "the connection was cut")
        yield Told(_said(text), whole=reason in _WHOLE, cut=reason in _TOO_LONG)

    def _heard(self, messages: Sequence[tuple[str, str]]) -> Iterator[AIMessageChunk]:
        """The pieces as they come. Raises WriterFailed after a silence, which a server may fill with signs of life.

        The libraries' own time limit counts those. So the model is listened to in a thread of its own, which ends with
        the next piece once nobody waits for it.
        """
        pieces: queue.SimpleQueue[AIMessageChunk | BaseException | None] = queue.SimpleQueue()
        left = threading.Event()

        def listen() -> None:
            try:
                for chunk in self._streamed(list(messages), left):
                    pieces.put(chunk)
                    if left.is_set():
                        return
                pieces.put(None)
            except BaseException as error:  # of any library below; without a word it would be waited for
                pieces.put(error)

        context = contextvars.copy_context()  # in which LangChain's callbacks are
        threading.Thread(target=context.run, args=[listen], name="listen", daemon=True).start()
        patience = self.writing.patience
        try:
            while (piece := pieces.get(timeout=patience)) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
                patience = self.writing.timeout
        except queue.Empty:
            raise WriterFailed(f"it was silent for {patience:g} seconds") from None
        finally:
            left.set()

    def _streamed(self, messages: list[tuple[str, str]], left: threading.Event) -> Iterator[AIMessageChunk]:
        """The pieces of the first try that gives any. Ollama's library asks once; the others ask again themselves."""
        again = self.writing.retries if self.writing.model.startswith("ollama:") else 0
        for tried in range(again + 1):
            begun = False
            try:
                for chunk in self._model().stream(messages):
                    begun = True
                    yield chunk
                return
            except Exception as error:  # of httpx and of ollama
                if begun or tried == again or not _passing(error) or left.wait(min(2**tried / 2, 8)):
                    raise

    def _model(self) -> BaseChatModel:
        with self._making:  # two would each have a rate limit of their own
            if self._made is None:
                from langchain.chat_models import init_chat_model

                self._made = init_chat_model(self.writing.model, **_arguments(self.writing))
            return self._made


def _arguments(writing: Writing) -> dict[str, Any]:
    provider = writing.model.partition(":")[0]
    arguments: dict[str, Any] = {"temperature": writing.temperature}
    if writing.base_url:
        arguments["base_url"] = writing.base_url
    if writing.per_minute:
        from langchain_core.rate_limiters import InMemoryRateLimiter

        arguments["rate_limiter"] = InMemoryRateLimiter(
            requests_per_second=writing.per_minute / 60, max_bucket_size=max(1, writing.per_minute / 6)
        )
    if provider == "ollama":
        return arguments | {
            "num_predict": writing.longest,
            "num_ctx": writing.window,
            "client_kwargs": {"timeout": writing.timeout},
        }
    arguments |= {"timeout": writing.timeout, "max_retries": writing.retries}
    if provider == "google_genai":  # which counts the first try too
        return arguments | {"max_retries": writing.retries + 1, "max_output_tokens": writing.longest}
    if provider == "openai" and writing.base_url:
        # The library says "max_completion_tokens", which only OpenAI itself is sure to know. A server of one's own asks
        # for no key, and the library does not go without.
        arguments["extra_body"] = {"max_tokens": writing.longest}
        return arguments if os.environ.get("OPENAI_API_KEY") else arguments | {"api_key": "none"}
    return arguments | {"max_tokens": writing.longest}


def _text(chunk: AIMessageChunk) -> str:
    return str(chunk.text)


def _reason(metadata: Mapping[str, Any]) -> str:
    """Why it ended, by whatever name the provider has for it, in small letters."""
    return next(
        (str(metadata[k]).lower() for k in ("finish_reason", "stop_reason", "done_reason") if metadata.get(k)), ""
    )


def _said(text: str) -> str:
    """The answer without what a model thinks before it, which some servers leave in the text."""
    begun = text.lstrip()
    if not begun.startswith("<think>"):
        return "" if "<think>".startswith(begun[:7]) and len(begun) < 7 else text
    return begun.partition("</think>")[2].lstrip()


def _kinds(error: Exception) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _status(error: BaseException | None) -> int:
    """The HTTP status that it tells of, or -1 or 200 for an error in the midst of an answer; 0 where it has none."""
    while error is not None:
        for status in (getattr(error, "status_code", None), getattr(error, "code", None)):  # "code" is Google's
            if isinstance(status, int):
                return status
        error = error.__cause__
    return 0


def _passing(error: Exception) -> bool:
    """Whether it is busy or cannot be reached, and may have an answer a little later."""
    status = _status(error)
    return status in (408, 429) or status >= 500 or any("Connect" in kind for kind in _kinds(error))


def _why(error: Exception, writing: Writing) -> str:
    """A few words about an error of a library, without a key or an address in them."""
    kinds, status = _kinds(error), _status(error)
    if any("Timeout" in kind for kind in kinds):
        return f"it was silent for {writing.timeout:g} seconds"
    if status in (401, 403) or (status == 400 and "API_KEY_INVALID" in str(error)):  # Google's word for it
        return "it does not accept the key"
    if status == 404:
        return f"it knows no model {writing.model.partition(':')[2]!r}"
    if status in (429, 529):
        return "it has too much to do"
    if status >= 400:
        return f"it answered with the status {status}"
    if any("Connect" in kind or kind in ("RemoteProtocolError", "ReadError") for kind in kinds):
        return "it cannot be reached, or the connection was cut"
    if "No generation chunks" in str(error):
        return "it said nothing that can be read"
    if kinds & {"JSONDecodeError", "UnknownApiResponseError"}:
        return "what it said cannot be read"
    _log(error, writing)
    broke = status or "APIError" in kinds
    return f"{'it broke off with an error' if broke else type(error).__name__}; the log has more"


def _log(error: Exception, writing: Writing) -> None:
    key = os.environ.get(PROVIDERS[writing.model.partition(":")[0]].key, "")
    if key and key in "".join(traceback.format_exception(error)):
        log.warning("%s failed; what is said of it is left out, because the key stands in it", writing.model)
    else:
        log.warning("%s failed in a way that has no words yet", writing.model, exc_info=error)
