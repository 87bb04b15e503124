"""What a proof found: how many cases held, and what failed in the others."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a proof. Without a case it was not run, which is never a pass; `note` is a number worth reading."""

    name: str
    passed: int
    cases: int
    failures: tuple[str, ...]
    seed: int
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether every case was tried and held."""
        return self.cases > 0 and self.passed == self.cases and not self.failures

    @property
    def line(self) -> str:
        """The one line of it, such as `kills PASS 201/201 seed=7`."""
        verdict = "PASS" if self.holds else "FAIL" if self.cases else "NOT RUN"
        note = f" ({self.note})" if self.note else ""
        return f"{self.name} {verdict} {self.passed}/{self.cases} seed={self.seed}{note}"


@dataclass(slots=True)
class Tally:
    """Counts the cases of a proof while it runs. A case holds when nothing is said against it."""

    name: str
    seed: int
    cases: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def case(self, what: str, *problems: str) -> None:
        """Counts one case; the problems are what failed in it, and empty ones count for nothing."""
        said = [problem for problem in problems if problem]
        self.cases += 1
        self.failed += bool(said)
        self.failures += [f"{what}: {problem}" for problem in said]

    def outcome(self, note: str = "") -> Outcome:
        """The end of the proof."""
        return Outcome(self.name, self.cases - self.failed, self.cases, tuple(self.failures), self.seed, note)


def not_run(name: str, seed: int, why: str) -> Outcome:
    """The end of a proof that could not be run here."""
    return Outcome(name, 0, 0, (why,), seed)
