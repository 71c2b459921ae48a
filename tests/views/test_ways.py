"""What is left of ways where others are taken away is exactly that: each single address, pod and port says so."""

from __future__ import annotations

import random
from ipaddress import ip_address

import pytest

from chartgen.views import ways
from chartgen.views.ways import ANYBODY, ANYWHERE, HERE, Addresses, Peer, Pods, Port, Way

BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/30", "10.0.0.2/31", "fd00::/8", "::/0")
PEERS = (Pods(HERE, ""), Pods(HERE, "Deployment/a"), Pods(ANYWHERE, ""), Pods("team=a", ""), Pods("team=a", "app=b"))
PORTS = ((None, None), (1, None), (80, None), (80, 443), (443, 65535), ("http", None))
# Single points: a peer that is one address or one kind of pod, and one port.
POINTS = [Addresses(ways.ip_network(each)) for each in ("10.0.0.1/32", "10.0.0.3/32", "10.200.0.1/32", "fd00::1/128")]
POINTS += [Pods(HERE, "Deployment/a"), Pods(HERE, "Deployment/b"), Pods("team=a", "app=b"), Pods("team=b", "app=c")]
NUMBERS = (1, 2, 80, 81, 443, 444, 65535)


def peer(chance: random.Random) -> Peer:
    block = {"cidr": chance.choice(BLOCKS), "except": chance.sample(BLOCKS[2:6], chance.randrange(3))}
    return chance.choice([ANYBODY, chance.choice(PEERS), *[ways.addresses(block)] * 3])


def some(chance: random.Random) -> frozenset[Way]:
    return frozenset(
        (peer(chance), ways.port(chance.choice(["TCP", "UDP"]), *chance.choice(PORTS)))
        for _ in range(chance.randrange(4))
    )


def has(found: frozenset[Way], point: Peer, protocol: str, number: int) -> bool:
    return any(_is(point, each) and _at(protocol, number, port) for each, port in found)


def _is(point: Peer, other: Peer) -> bool:
    if isinstance(other, ways.Anybody):
        return True
    if isinstance(point, Addresses) and isinstance(other, Addresses):
        address = ip_address(point.block.network_address)
        return address in other.block and not any(address in each for each in other.but)
    return isinstance(point, Pods) and isinstance(other, Pods) and other.includes(point)


def _at(protocol: str, number: int, port: Port) -> bool:
    return protocol == port.protocol and not isinstance(port.first, str) and port.first <= number <= int(port.last)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_every_point_that_closes_is_among_what_is_left_and_no_address_that_stays_open_is(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        old, new = some(chance), some(chance)
        left = ways.without(old, new)
        stays = ways.common(new, left)
        for point in POINTS:
            for protocol in ("TCP", "UDP"):
                for number in NUMBERS:
                    closed = has(old, point, protocol, number) and not has(new, point, protocol, number)
                    # What is said to close is left, but what is said to stay.
                    said = has(left, point, protocol, number) and not has(stays, point, protocol, number)
                    assert said == closed, (old, new, left, stays, point, protocol, number)


def test_ways_are_listed_by_their_peers_with_ranges_and_exceptions() -> None:
    left = ways.without(ways.ALL, [(ANYBODY, ways.port("UDP", 53, None)), (ANYBODY, ways.port("TCP", 80, 90))])
    assert ways.listed(left, 6) == "everybody (every port but 80-90 and UDP 53)"
    block = ways.addresses({"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9"]})
    assert str(block) == "addresses in 10.128.0.0/9"
    assert str(ways.addresses({"cidr": "no-block"})) == "addresses in no-block"
    assert ways.listed([(block, ways.port("SCTP", "http", None))], 6) == f"{block} (SCTP port http)"
