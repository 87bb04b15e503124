"""What is planned, and what is held back. Pure."""

from index.plan import held_back, plan
from index.sources.sightings import Known, Sighting

READERS = "1"


def known(state="indexed", part_of="", twin="", digest="d", memo=None):
    recipe = "r" if state == "indexed" and not twin else None
    return Known(digest, state, "why" if state == "failed" else "", READERS, recipe, part_of, twin, memo or {})


def planned(seen, before, covered=lambda source: True):
    return plan(seen, before, covered, READERS)


ZIP = {"a.zip": known("opened"), "a.zip#1": known(part_of="a.zip"), "a.zip#2": known("failed", part_of="a.zip")}


def test_the_parts_of_a_file_that_is_as_it_was_are_as_they_were():
    found = planned([Sighting("a.zip", "d")], ZIP)
    assert (found.new, found.changed, found.gone, found.same) == ((), (), (), ("a.zip#1",))
    assert [(o.source, o.reason) for o in found.unread] == [("a.zip#2", "why")]


def test_a_file_of_several_that_changed_is_read_and_nothing_of_it_is_gone_before():
    found = planned([Sighting("a.zip", "other")], ZIP)
    assert [s.source for s in found.changed] == ["a.zip"]
    assert (found.gone, found.same) == ((), ())


def test_the_parts_of_a_file_that_holds_nothing_are_gone():
    before = {"a.json": known("skipped"), "a.json#1": known(part_of="a.json")}
    found = planned([Sighting("a.json", "d")], before)
    assert (found.gone, [o.source for o in found.unread], found.same) == (("a.json#1",), ["a.json"], ())


def test_the_parts_go_with_the_whole():
    assert set(planned([], ZIP).gone) == set(ZIP)


def test_nothing_is_known_of_the_parts_of_what_cannot_be_looked_at():
    assert planned([Sighting("a.zip", "", "permission denied", "failed")], ZIP).gone == ()


def test_what_a_feed_no_longer_lists_is_not_gone():
    before = {"feed": known("opened"), "page": known(part_of="feed")}
    assert planned([Sighting("feed", "d", state="opened")], before, lambda source: False).gone == ()


def test_what_a_site_says_is_gone_for_good_is_gone():
    before = {"feed": known("opened"), "page": known(part_of="feed")}
    found = planned([Sighting("feed", "d", state="opened")], before, lambda source: source == "page")
    assert found.gone == ("page",)


def test_what_another_stood_for_is_read_again_when_that_goes():
    before = {"a": known(), "b": known(twin="a")}
    found = planned([Sighting("b", "d")], before)
    assert (found.gone, [s.source for s in found.changed], found.renew) == (("a",), ["b"], frozenset({"b"}))


def test_what_another_stands_for_is_as_it_was():
    before = {"a": known(), "b": known(twin="a")}
    assert planned([Sighting("a", "d"), Sighting("b", "d")], before).same == ("a", "b")


def test_a_part_that_another_stood_for_is_read_with_the_whole():
    before = {"a": known(), **ZIP, "a.zip#1": known(part_of="a.zip", twin="a")}
    found = planned([Sighting("a.zip", "d")], before)
    assert [s.source for s in found.changed] == ["a.zip"]


def test_an_entry_of_a_feed_that_another_stood_for_is_read_itself():
    before = {"a": known(), "feed": known("opened"), "b": known(part_of="feed", twin="a")}
    seen = [Sighting("feed", "d", state="opened"), Sighting("b", "d", part_of="feed")]
    assert [s.source for s in planned(seen, before).changed] == ["b"]


def test_what_a_source_remembers_for_itself_is_no_change():
    found = planned([Sighting("a", "d", memo={"etag": "2"})], {"a": known(memo={"etag": "1"})})
    assert (found.same, found.memos) == (("a",), {"a": {"etag": "2"}})


def test_more_than_a_fifth_is_held_back_and_a_fifth_is_not():
    assert held_back({1: 20, 2: 21}, {1: 100, 2: 100}) == {2}
