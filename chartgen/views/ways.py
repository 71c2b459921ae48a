"""Ways that NetworkPolicies open, as sets: what is left of some where others are taken away, and how that is said.

Policies that are written differently can open the same, and one address block can be a part of another: texts do not
say what opens and closes, sets do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, NamedTuple

from .harmless import formed

Network = IPv4Network | IPv6Network
PROTOCOLS, FIRST, LAST = ("TCP", "UDP", "SCTP"), 1, 65535
HERE, ANYWHERE = "the namespace", "every namespace"


@dataclass(frozen=True)
class Anybody:
    """Every peer."""

    def __str__(self) -> str:
        return "everybody"


@dataclass(frozen=True)
class Pods:
    """Pods of a namespace: `place` is HERE, ANYWHERE, or the labels of namespaces; `who` is a workload, or labels.

    `here` are the workloads of the release that labels select in the namespace itself.
    """

    place: str
    who: str
    here: frozenset[str] = field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        if self.place == HERE:
            title = "/" in self.who.partition("=")[0]
            return (self.who if title else f"pods with {self.who}") if self.who else "every pod of the namespace"
        where = self.place if self.place == ANYWHERE else f"namespaces with {self.place}"
        return f"{f'pods with {self.who}' if self.who else 'every pod'} in {where}"

    def includes(self, other: Pods) -> bool:
        """Whether all pods of another are among these."""
        if other.place == HERE and other.who in self.here:
            return True
        return self.place in (ANYWHERE, other.place) and self.who in ("", other.who)


@dataclass(frozen=True)
class Addresses:
    """The addresses of a block but those of others."""

    block: Network
    but: frozenset[Network] = frozenset()

    def __str__(self) -> str:
        left, but = self.networks(), sorted(map(str, self.but))
        if len(left) <= len(but):
            return f"addresses in {' and '.join(map(str, left))}"
        return f"addresses in {self.block}" + (f" but {', '.join(but)}" if but else "")

    def networks(self) -> list[Network]:
        """The same as blocks without exceptions."""
        left: list[Any] = [self.block]
        for each in self.but:
            left = [part for network in left for part in _apart(network, each)]
        return sorted(collapse_addresses(left))

    def within(self, block: Network) -> Iterator[Addresses]:
        """Those of them that are in a block, if any."""
        if _overlap(self.block, block):
            smaller = max(self.block, block, key=lambda each: each.prefixlen)
            found = Addresses(smaller, frozenset(each for each in self.but if _overlap(each, smaller)))
            if found.networks():
                yield found

    def among(self, other: Addresses) -> Iterator[Addresses]:
        """Those of them that are among others, if any."""
        for each in self.within(other.block):
            found = Addresses(each.block, each.but | {part for part in other.but if _overlap(part, each.block)})
            if found.networks():
                yield found

    def without(self, other: Addresses) -> Iterator[Addresses]:
        """Those of them that are not among others."""
        if not _overlap(self.block, other.block):
            yield self
            return
        outside = Addresses(self.block, self.but | {other.block})
        if outside.networks():
            yield outside
        for each in other.but:
            yield from self.within(each)


@dataclass(frozen=True)
class Other:
    """A peer that is not understood: it is itself only."""

    text: str

    def __str__(self) -> str:
        return self.text


class Port(NamedTuple):
    """Ports of a protocol, from one number to another, or one name."""

    protocol: str
    first: int | str
    last: int | str


Peer = Anybody | Pods | Addresses | Other
Way = tuple[Peer, Port]
ANYBODY = Anybody()
EVERY = tuple(Port(protocol, FIRST, LAST) for protocol in PROTOCOLS)
ALL = frozenset((ANYBODY, port) for port in EVERY)


def addresses(block: Any) -> Peer:
    """The peer that an ipBlock is."""
    cidr, but = (block.get("cidr"), block.get("except") or []) if isinstance(block, dict) else (block, [])
    try:
        whole = ip_network(str(cidr), strict=False)
        return Addresses(whole, frozenset(ip_network(str(each), strict=False) for each in but))
    except (ValueError, TypeError):
        return Other(f"addresses in {formed(cidr, 'address')}")


def port(protocol: Any, first: Any, last: Any) -> Port:
    """The ports of one row of a policy; without a number it is for every port of the protocol."""
    name = formed(protocol or PROTOCOLS[0], "none")
    if first is None:
        return Port(name, FIRST, LAST)
    if not isinstance(first, int):
        return Port(name, *[formed(first, "port")] * 2)
    return Port(name, first, last if isinstance(last, int) else first)


def without(some: Iterable[Way], others: Iterable[Way]) -> frozenset[Way]:
    """What is left of some ways where others are taken away."""
    left = list(some)
    for other in others:
        left = [part for way in left for part in _minus(way, other)]
    return frozenset(left)


def common(some: Iterable[Way], others: frozenset[Way]) -> frozenset[Way]:
    """The parts of some ways that are among others."""
    return frozenset(part for way in some for part in without([way], without([way], others)))


def _minus(way: Way, other: Way) -> Iterator[Way]:
    (peer, port), (theirs, ports) = way, other
    if port.protocol != ports.protocol:
        yield way
        return
    outside = list(_peers_left(peer, theirs))
    yield from ((each, port) for each in outside)
    if outside != [peer]:
        inside: Iterable[Peer] = [peer]
        if isinstance(peer, Addresses) and isinstance(theirs, Addresses):
            inside = peer.among(theirs)
        yield from ((each, left) for each in inside for left in _ports_left(port, ports))


def _peers_left(peer: Peer, other: Peer) -> Iterator[Peer]:
    if isinstance(other, Anybody) or peer == other:
        return
    if isinstance(peer, Addresses) and isinstance(other, Addresses):
        yield from peer.without(other)
    elif not (isinstance(peer, Pods) and isinstance(other, Pods) and other.includes(peer)):
        yield peer


def _ports_left(port: Port, other: Port) -> Iterator[Port]:
    if isinstance(port.first, str) or isinstance(other.first, str):
        if port != other and (other.first, other.last) != (FIRST, LAST):
            yield port
        return
    assert isinstance(port.last, int)
    assert isinstance(other.last, int)
    if port.first < other.first:
        yield Port(port.protocol, port.first, min(port.last, other.first - 1))
    if port.last > other.last:
        yield Port(port.protocol, max(port.first, other.last + 1), port.last)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)  # type: ignore[arg-type]


def _apart(network: Any, other: Any) -> list[Any]:
    if not _overlap(network, other):
        return [network]
    return [] if network.subnet_of(other) else list(network.address_exclude(other))


def listed(found: Iterable[Way], most: int) -> str:
    """Ways as text: each peer with its ports; no more than `most` peers are named."""
    by: dict[str, set[Port]] = {}
    for peer, each in found:
        by.setdefault(str(peer), set()).add(each)
    said = [f"{peer} ({', '.join(_named(ports))})" for peer, ports in sorted(by.items())]
    more = f", and {len(said) - most} more" if len(said) > most else ""
    return ", ".join(said[:most]) + more


def _named(ports: set[Port]) -> Iterator[str]:
    gaps = {protocol: _gaps(ports, protocol) for protocol in PROTOCOLS}
    wide = [protocol for protocol in PROTOCOLS if sum(last - first + 1 for first, last in gaps[protocol]) < LAST // 2]
    if len(wide) == len(PROTOCOLS):
        yield _but("every port", [_number(protocol, *gap) for protocol in PROTOCOLS for gap in gaps[protocol]])
    else:
        yield from (_but(f"every {each} port", [_number("TCP", *gap) for gap in gaps[each]]) for each in wide)
    others = [each for each in ports if isinstance(each.first, str) or each.protocol not in wide]
    for each in sorted(others, key=lambda each: (each.protocol != "TCP", each.protocol, str(each.first).zfill(5))):
        yield _number(each.protocol, each.first, each.last)


def _but(text: str, gaps: list[str]) -> str:
    return f"{text} but {' and '.join(each.replace('port ', '') for each in gaps)}" if gaps else text


def _number(protocol: str, first: int | str, last: int | str) -> str:
    text = f"port {first}" if first == last else f"port {first}-{last}"
    return text if protocol == "TCP" else f"{protocol} {text}"


def _gaps(ports: set[Port], protocol: str) -> list[tuple[int, int]]:
    """The numbers of a protocol that are not among ports."""
    left = [Port(protocol, FIRST, LAST)]
    for each in ports:
        if each.protocol == protocol and not isinstance(each.first, str):
            left = [part for one in left for part in _ports_left(one, each)]
    return sorted((int(each.first), int(each.last)) for each in left)
