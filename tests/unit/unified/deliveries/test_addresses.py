"""Which URLs and addresses may be sent to. Each case is a way in which somebody has got at a private network before."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.addresses import Networks, Unfit, check_addresses, is_public, networks, read_url

NONE: Networks = ()
LOOPBACK = networks(["127.0.0.0/8", "::1/128"])


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://example.com/hooks?team=1", "example.com", 443, "/hooks?team=1", "example.com"),
        ("HTTPS://Example.COM:8443/A", "example.com", 8443, "/A", "example.com:8443"),
        ("https://example.com?x", "example.com", 443, "/?x", "example.com"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        ("https://[2606:4700::1111]:9000/", "2606:4700::1111", 9000, "/", "[2606:4700::1111]:9000"),
        ("https://my_app.example.com/", "my_app.example.com", 443, "/", "my_app.example.com"),
    ],
)
def test_a_public_https_url_is_taken_apart(url: str, host: str, port: int, target: str, authority: str) -> None:
    place = read_url(url, NONE)

    assert (place.scheme, place.host, place.port, place.target) == ("https", host, port, target)
    assert place.authority == authority


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        # Not https, or no URL at all
        ("http://example.com/", "url"),
        ("ftp://example.com/", "url"),
        ("file:///etc/passwd", "url"),
        ("gopher://example.com/", "url"),
        ("//example.com/", "url"),
        ("example.com", "url"),
        ("https://", "url"),
        ("https:///path", "url"),
        ("", "url"),
        ("https://example.com:0/", "url"),
        ("https://example.com:99999/", "url"),
        ("https://example.com:22/", "url"),
        ("https://example.com:25/", "url"),
        ("https://example.com:80/", "url"),
        ("https://example.com/" + "a" * 2000, "url"),
        # Tricks with what comes before the host
        ("https://user@example.com/", "url"),
        ("https://user:password@example.com/", "url"),
        ("https://example.com@127.0.0.1/", "url"),
        ("https://127.0.0.1@example.com/", "url"),
        ("https://example.com#@127.0.0.1/", "url"),
        ("https://example.com/#fragment", "url"),
        ("https://example.com\\@127.0.0.1/", "url"),
        ("https://127.0.0.1\\.example.com/", "url"),
        # Characters that parsers disagree about
        ("https://exa mple.com/", "url"),
        ("https://example.com/\r\nx: y", "url"),
        ("https://exam\tple.com/", "url"),
        ("https://example.com/\x00", "url"),
        ("https://bücher.example/", "url"),
        ("https://127。0。0。1/", "url"),
        ("https://①②⑦.⓪.⓪.①/", "url"),
        ("https://%31%32%37.0.0.1/", "url"),
        ("https://example.com%2eevil.example/", "url"),
        ("https://-example.com/", "url"),
        ("https://example..com/", "url"),
        ("https://example.com./", "url"),
        ("https://[::1/", "url"),
        ("https://[fe80::1%25eth0]/", "url"),
        # Addresses in another notation: decimal, octal, hexadecimal, short
        ("https://2130706433/", "url"),
        ("https://0177.0.0.1/", "url"),
        ("https://0x7f.0.0.1/", "url"),
        ("https://0x7f000001/", "url"),
        ("https://127.1/", "url"),
        ("https://127.0.1/", "url"),
        ("https://0/", "url"),
        ("https://127.0.0.1./", "url"),
        ("https://169.254.43518/", "url"),
        # Private addresses, as they are
        ("https://127.0.0.1/", "privateAddress"),
        ("https://0.0.0.0/", "privateAddress"),
        ("https://10.1.2.3/", "privateAddress"),
        ("https://172.16.0.1/", "privateAddress"),
        ("https://192.168.1.1/", "privateAddress"),
        ("https://169.254.169.254/latest/meta-data/", "privateAddress"),
        ("https://100.64.0.1/", "privateAddress"),
        ("https://224.0.0.1/", "privateAddress"),
        ("https://255.255.255.255/", "privateAddress"),
        ("https://[::1]/", "privateAddress"),
        ("https://[::]/", "privateAddress"),
        ("https://[::ffff:127.0.0.1]/", "privateAddress"),
        ("https://[::ffff:a9fe:a9fe]/", "privateAddress"),
        ("https://[fd00:ec2::254]/", "privateAddress"),
        ("https://[fe80::1]/", "privateAddress"),
        # Names of this machine or this network
        ("https://localhost/", "privateAddress"),
        ("https://LOCALHOST/", "privateAddress"),
        ("https://a.localhost/", "privateAddress"),
        ("https://printer.local/", "privateAddress"),
        ("https://metadata.google.internal/", "privateAddress"),
        ("https://intranet/", "privateAddress"),
        ("https://router.home.arpa/", "privateAddress"),
    ],
)
def test_what_could_lead_elsewhere_is_refused_when_it_is_saved(url: str, kind: str) -> None:
    with pytest.raises(Unfit) as refused:
        read_url(url, NONE)

    assert refused.value.kind == kind


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3",  # noqa: S104 - an address to refuse
        "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.31.0.1",
        "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::a00:1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001:db8::1", "2001::1",
        "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1",
        "ff02::1", "ff0e::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_a_public_hosts_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "52.94.236.248", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_a_public_host_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "::1"], ["8.8.8.8", "::"]]
)
def test_one_private_address_among_public_ones_is_enough_to_refuse(addresses: list[str]) -> None:
    place = read_url("https://example.com/", NONE)

    with pytest.raises(Unfit) as refused:
        check_addresses(place, [ip_address(address) for address in addresses], NONE)

    assert refused.value.kind == "privateAddress"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hooks", "http://[::1]:9000/", "http://localhost:22/", "https://127.0.0.1:80/"]
)
def test_an_allowed_network_may_be_reached_by_http_and_on_any_port(url: str) -> None:
    place = read_url(url, LOOPBACK)

    check_addresses(place, [ip_address("127.0.0.1"), ip_address("::ffff:127.0.0.1"), ip_address("::1")], LOOPBACK)


@pytest.mark.parametrize(
    ("url", "address", "kind"),
    [
        ("http://example.com/", "8.8.8.8", "url"),
        ("https://example.com:22/", "8.8.8.8", "url"),
        ("http://localhost/", "10.0.0.1", "privateAddress"),
        ("https://example.com/", "169.254.169.254", "privateAddress"),
    ],
)
def test_an_allowed_network_opens_no_other(url: str, address: str, kind: str) -> None:
    place = read_url(url, LOOPBACK)

    with pytest.raises(Unfit) as refused:
        check_addresses(place, [ip_address("127.0.0.1"), ip_address(address)], LOOPBACK)

    assert refused.value.kind == kind


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_no_more_public_in_an_ipv6_dress(address: IPv4Address) -> None:
    for prefix in (0xFFFF << 32, int(IPv6Address("64:ff9b::"))):
        assert is_public(IPv6Address(prefix | int(address))) == is_public(address)
    for prefix, shift in ((0, 0), (0x2002 << 112, 80)):
        assert not is_public(IPv6Address(prefix | int(address) << shift))


@given(st.ip_addresses(v=6))
def test_outside_of_global_unicast_nothing_is_public_but_what_stands_for_a_public_ipv4_address(
    address: IPv6Address,
) -> None:
    if address not in IPv6Network("2000::/3") and address.ipv4_mapped is None:
        assert not is_public(address) or address in IPv6Network("64:ff9b::/96")


@given(st.text(max_size=60) | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
def test_whatever_is_no_url_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        place = read_url(text, NONE)
    except Unfit:
        return
    assert (place.scheme, place.target[0]) == ("https", "/")
    assert place.host.isascii()
