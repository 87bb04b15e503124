import ipaddress

import pytest

from index.errors import UsageError
from index.sources.addresses import NoAddress, canonical, parsed, reachable, read_networks


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("  https://example.org:443/a#part\n", "https://example.org/a"),
        ("http://example.org:8080?q=1", "http://example.org:8080/?q=1"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://Bücher.example/Straße?q=ü", "https://xn--bcher-kva.example/Stra%C3%9Fe?q=%C3%BC"),
        ("https://example.org/a%2Fb?x=%20", "https://example.org/a%2Fb?x=%20"),
        ("https://example.org/two words", "https://example.org/two%20words"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://example.org/?", "https://example.org/"),
    ],
)
def test_an_address_is_written_one_way(typed, known):
    assert canonical(typed) == known
    assert canonical(known) == known


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("utm_source=x&id=7&UTM_Medium=y", "?id=7"),
        ("fbclid=1", ""),
        ("ref=home&page=2", "?ref=home&page=2"),
        ("b&a", "?b&a"),
    ],
)
def test_where_a_reader_came_from_is_no_part_of_an_address(query, kept):
    assert canonical(f"https://example.org/a?{query}") == f"https://example.org/a{kept}"


NONE = [
    "", "example.org", "/a/b.html", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)",
    "data:text/html,x", "http:example.org", "http:/example.org", "http://", "http:///a", "http://user@example.org/", "http://a:b@example.org/",
    "http://example.org\\@other.example/", "http://example.org\r\nHost: x/", "http://exa\tmple.org/",
    "http://exa mple.org/", "http://example.org:0/", "http://example.org:65536/", "http://example.org:-1/", "http://example.org:8o/",
    "http://example.org:٨٠/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/",
    "http://127.0.0.1.1/", "http://256.0.0.1/", "http://example.1/", "http://%31%32%37.0.0.1/", "http://[fe80::1%25eth0]/",
    "http://[::1/", "http://::1/", "http://[example.org]/", "http://a..b/", "http://.example.org/", "http://-a.example/",
    "http://" + "a" * 64 + ".example/", "http://example.org/" + "a" * 6000, "http://example.org/\ud800", "http://ü\x00.org/",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE, ids=repr)
def test_what_is_no_address_is_told(text):
    with pytest.raises(UsageError, match=r"cannot be followed: \w+ "):
        canonical(text)


def test_the_address_that_comes_of_one_is_an_address_itself():
    address = canonical("https://example.org/" + "é" * 900)
    assert len(address) > 5_000
    assert canonical(address) == address


def test_an_address_that_is_short_only_before_it_is_quoted_is_told():
    with pytest.raises(UsageError, match="longer than 6,000"):
        canonical("https://example.org/" + "é" * 1_900)


def test_numbers_in_other_letters_are_the_address_that_they_mean():
    assert parsed("http://①②⑦.⓪.⓪.①/").host == parsed("http://１２７。０。０。１/").host == "127.0.0.1"


PUBLIC = ["1.1.1.1", "93.184.215.14", "192.0.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::1.1.1.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:1.1.1.1",
    "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:101:101::",
    "3fff::1", "4000::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2606:4700::1111%eth0", "fec0::1",
    "ff02::1", "localhost", "", "127.1", "1.1.1.1 ", "1.1.1.01",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address):
    assert str(reachable(address)) == address


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_may_not(address):
    assert reachable(address) is None


def test_nothing_is_public_that_python_knows_not_to_be():
    firsts = [ipaddress.ip_address((n << 24) | 0x0102) for n in range(256)]
    firsts += [ipaddress.IPv6Address(n << 112) for n in range(0, 1 << 16, 17)]
    assert not [str(a) for a in firsts if reachable(str(a)) and (not a.is_global or a.is_multicast)]


def test_an_ipv4_address_inside_an_ipv6_one_is_judged_as_what_it_is():
    assert str(reachable("::ffff:1.1.1.1")) == "1.1.1.1"
    assert str(reachable("64:ff9b::101:101")) == "64:ff9b::101:101"


def test_a_network_of_ones_own_may_be_named_and_opens_nothing_else():
    allowed = read_networks(["10.1.0.0/16", "fd12::/16"])
    assert reachable("10.1.2.3", allowed)
    assert reachable("::ffff:10.1.2.3", allowed)
    assert reachable("fd12::7", allowed)
    assert reachable("10.2.0.1", allowed) is None


@pytest.mark.parametrize("text", ["intranet", "10.0.0.1/8", "10.0.0.0/33"])
def test_a_network_that_is_none_is_told(text):
    with pytest.raises(UsageError, match="networks"):
        read_networks([text])


def test_a_long_host_in_other_letters_is_told_soon():
    with pytest.raises(NoAddress):
        parsed("http://" + "ü" * 1900 + "/")
