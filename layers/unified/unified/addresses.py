"""Where we may send what others address: URLs read once and strictly, and which addresses are public.

Whoever may name a URL to send to could name one that only this deployment reaches: the functions' own metadata, a
neighbour in a VPC. So a URL is judged twice, when it is saved by what it says (``read_url``), and at each connection by
the addresses that its name has at that moment (``check_addresses``), the very ones that are then connected to.

Public means global unicast, https, and a port that is 443 or at least 1024. Private networks that a deployment allows
(``Settings.delivery_allowed_networks``) may be reached by plain http too, and on every port.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

MAX_URL = 2000
_HTTPS_PORT = 443
_FIRST_USER_PORT = 1024
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# What resolvers read as a number (0x7f.1, 2130706433) is no name: https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
# Names of one machine or network only (RFC 6761, 6762, 8375, and ICANN's .internal).
_LOCAL_NAME = re.compile(r"(?:.*\.)?(?:localhost|local|internal|home\.arpa)|[^.]+")
# Everything that the registry gives to global unicast: https://www.iana.org/assignments/ipv6-address-space
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# 6to4 and Teredo carry an IPv4 address into the network behind them and have no use as a receiver's (RFC 7526); the
# last is for documentation (RFC 9637), which not every Python knows yet.
_NOT_HOSTS = (
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("3fff::/20"),
)
_NAT64 = IPv6Network("64:ff9b::/96")


Kind = Literal["url", "privateAddress"]


class Unfit(Exception):
    """A URL or an address that nothing is sent to. ``reason`` is for whoever wrote the URL."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason


class Place(NamedTuple):
    """A URL, taken apart once: nothing parses the text again, so no two parsers can disagree about it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _usual_port(self.scheme) else f"{host}:{self.port}"


def networks(names: Iterable[str]) -> Networks:
    """Read networks in CIDR notation. Raises ``ValueError``."""
    return [ip_network(name) for name in names]


def read_url(url: str, allowed: Networks) -> Place:
    """Take a URL apart, and refuse what could never be sent to. Raises ``Unfit``."""
    if len(url) > MAX_URL or not url or any(not "!" <= character <= "~" for character in url) or "\\" in url:
        raise _unfit(f"must be 1 to {MAX_URL} printable ASCII characters without spaces and backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _unfit("is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _unfit("must be an absolute https URL")
    if "@" in parts.netloc or "%" in parts.netloc or "#" in url:
        raise _unfit("must hold no user name, password, zone or fragment")
    host = parts.hostname
    place = Place(
        parts.scheme,
        host,
        _usual_port(parts.scheme) if port is None else port,
        (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    if place.port == 0:
        raise _unfit("must not have port 0")
    literal = _literal(host)
    if literal is not None:
        check_addresses(place, [literal], allowed)
    elif not _NAME.fullmatch(host) or _NUMBER.fullmatch(host):
        raise _unfit("must have a host name in ASCII (xn-- for others) or an address in its usual notation")
    elif not allowed:
        if _LOCAL_NAME.fullmatch(host):
            raise _private()
        _check_public(place)
    return place


def check_addresses(place: Place, addresses: Sequence[Address], allowed: Networks) -> None:
    """Refuse a place unless every one of its addresses may be sent to, this way. Raises ``Unfit``.

    One private address among public ones is enough: which of them is connected to would be the other side's choice.
    """
    for address in map(_plain, addresses):
        if any(address in network for network in allowed):
            continue
        if not is_public(address):
            raise _private()
        _check_public(place)


def is_public(address: Address) -> bool:
    """Tell whether an address is a host's on the public internet, also by the IPv4 address that it may stand for."""
    address = _plain(address)
    if any(address in network for network in _NOT_HOSTS):
        return False
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for (mapped, NAT64 of RFC 6052), else the address."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check_public(place: Place) -> None:
    if place.scheme != "https":
        raise _unfit("must begin with https://")
    if place.port != _HTTPS_PORT and place.port < _FIRST_USER_PORT:
        raise _unfit(f"must have port {_HTTPS_PORT} or one from {_FIRST_USER_PORT} on")


def _usual_port(scheme: str) -> int:
    return _HTTPS_PORT if scheme == "https" else 80


def _unfit(reason: str) -> Unfit:
    return Unfit("url", reason)


def _private() -> Unfit:
    return Unfit("privateAddress", "must lead to a public address")
