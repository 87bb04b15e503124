from datetime import date

import pytest

from index.candidates import Only
from index.errors import UsageError
from rag.kept_to import kept_to


def test_what_is_not_given_keeps_to_nothing():
    assert not kept_to()
    assert not kept_to(" ", "", None, "  ")


def test_each_part_is_given_as_it_is_written():
    made = kept_to(" The Packet ", "Ines", "2024-08-30", "2024-08-30")
    assert made == Only("The Packet", "Ines", date(2024, 8, 30), date(2024, 8, 30))


@pytest.mark.parametrize("day", ["30.8.2024", "2024-02-30", "yesterday"])
def test_what_is_no_day_is_told(day):
    with pytest.raises(UsageError, match="is no day") as told:
        kept_to(first=day)
    assert "2024-08-30" in told.value.hint


def test_days_in_the_wrong_order_are_told():
    with pytest.raises(UsageError, match="No day is both after 2024-09-01 and before 2024-08-30"):
        kept_to(first="2024-09-01", last="2024-08-30")
