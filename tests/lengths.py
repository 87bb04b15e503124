"""Texts without end, made of one piece, and how the work of a function grows with them."""

import time

SHORT, LONG = 1_500, 6_000
# Work that grows as the length does takes 4 times as long; as its square, 16 times.
AT_MOST = 9

PIECES = (
    "1", " ", ",", " , ", "\t\n", ".", "a.", "A.", "a'", "1/1/", "1. ", "2024-01-", "X ", "word ", "the ",
    "the latest ", "May ", "in January ", "in December will ", "on May 3, ", "from 3 to ", "from June to July ",
    "between a and ", "monday ", "on monday x ", "last week of ", "before the ", "is it this ",
    "how did a unfold over ", "compare a and ", "what is new since ", "according to ", "by x and ", "x;", "  - ", "北",
    "e\u0301",
)  # fmt: skip


def growth(work, piece, opening=""):
    """How many times as long `work` takes for four times the text; 0.0 where neither is worth measuring."""
    short, long = (opening + (piece * LONG)[:length] + " it?" for length in (SHORT, LONG))
    ratios = []
    for _ in range(4):
        before, after = _seconds(work, short), _seconds(work, long)
        if after < 0.003:
            return 0.0
        ratios.append(after / before)
        if ratios[-1] <= AT_MOST:  # a busy machine makes one of them slow, and hardly ever all
            break
    return min(ratios)


def _seconds(work, text):
    best = 60.0
    for _ in range(3):
        start = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - start)
    return best
