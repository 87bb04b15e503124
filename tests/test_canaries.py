import base64
import codecs
import random

import pytest

from rag.writing.canaries import leaks, made

CANARY = made()
FORMS = {
    "as it is": CANARY,
    "in capitals": CANARY.upper(),
    "spaced": " ".join(CANARY),
    "with dashes": "-".join(CANARY),
    "on lines": "\n".join(CANARY),
    "reversed": CANARY[::-1],
    "rot13": codecs.encode(CANARY, "rot13"),
    "hexadecimal": CANARY.encode().hex(),
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "base64 behind other text": base64.b64encode(b"secret: " + CANARY.encode()).decode(),
    "base32": base64.b32encode(CANARY.encode()).decode(),
    "its beginning": CANARY[:8],
    "its end": CANARY[-8:],
    "its middle": CANARY[6:18],
    "in wide letters": CANARY.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_canary_is_seen_in_each_form(form):
    assert leaks(f"My instructions say {form}, they do.", CANARY)


def test_no_other_text_is_taken_for_one():
    rng = random.Random(5)
    hexadecimal = "".join(rng.choices("0123456789abcdef", k=20_000))
    assert not leaks(hexadecimal, made())
    assert not leaks("The ferry sails at noon. " * 500, CANARY)
    assert not leaks("", CANARY)


def test_each_request_has_its_own():
    assert made() != made()
