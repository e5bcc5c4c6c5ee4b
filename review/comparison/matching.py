"""Matches the items of two lists, so that one changed item of a list is one difference, wherever the item stands."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import Match, SequenceMatcher
from typing import Any

# What tells the items of a list apart, each with an example from the AWS resource and property reference. The first that
# an item has counts.
IDENTITIES = (
    "Sid",  # statements of a policy
    "PolicyName",  # AWS::IAM::Role Policy
    "IndexName",  # AWS::DynamoDB::Table GlobalSecondaryIndex
    "AttributeName",  # AWS::DynamoDB::Table AttributeDefinition
    "DeviceName",  # AWS::EC2::LaunchTemplate BlockDeviceMapping
    "PathPattern",  # AWS::CloudFront::Distribution CacheBehavior
    "SubnetId",  # AWS::ElasticLoadBalancingV2::LoadBalancer SubnetMapping
    "StatusCode",  # AWS::ApiGateway::Method MethodResponse
    "Key",  # Tag
    "Name",  # AWS::ECS::TaskDefinition KeyValuePair, AWS::WAFv2::WebACL Rule
    "Id",  # AWS::S3::Bucket Rule, AWS::Events::Rule Target
    "Priority",  # AWS::NetworkFirewall::FirewallPolicy StatefulRuleGroupReference
)
# A rule of AWS::EC2::SecurityGroup has no name: EC2 knows it by its protocol, its ports and its peer.
_PROTOCOL = "IpProtocol"
_PEERS = ("CidrIp", "CidrIpv6")
_PEER_SUFFIXES = ("PrefixListId", "SecurityGroupId", "SecurityGroupName")
_SIMILAR = 0.5  # items of which more than this part is equal are one item that changes
_MAX_COMPARISONS = 250_000  # beyond, the items of two lists are not searched for similar ones: that would take seconds

Pair = tuple[int, int]


def match_items(before: list[Any], after: list[Any], key: Callable[[Any], str]) -> list[Pair]:
    """The pairs of items that are the same item before and after, by their indices, in the order of ``before``.

    Equal items are matched first, wherever they stand. Then come items of one identity, items that have most in common, and
    last those at the same place between two runs of equal items.

    Args:
        before: The items before.
        after: The items after.
        key: A text for an item; equal items have equal texts.
    """
    matching = _Matching(before, after, [key(item) for item in before], [key(item) for item in after])
    matching.match_equal()
    matching.match_by(lambda item: _identity(item, key))
    matching.match_similar(key)
    matching.match_neighbours(key)
    return sorted(matching.pairs.items())


@dataclass
class _Matching:
    """The pairs found so far.

    Attributes:
        old: The text of each item before.
        new: The text of each item after.
        pairs: Index before -> index after.
        runs: Equal items that stand in the same order; the last run is empty and ends both lists.
    """

    before: list[Any]
    after: list[Any]
    old: list[str]
    new: list[str]
    pairs: dict[int, int] = field(default_factory=dict)
    runs: list[Match] = field(default_factory=list)

    @property
    def _free_before(self) -> list[int]:
        return [index for index in range(len(self.before)) if index not in self.pairs]

    @property
    def _free_after(self) -> list[int]:
        taken = set(self.pairs.values())
        return [index for index in range(len(self.after)) if index not in taken]

    def match_equal(self) -> None:
        """Match equal items: runs of them in their order first, then those that moved."""
        self.runs = SequenceMatcher(None, self.old, self.new, autojunk=False).get_matching_blocks()
        for run in self.runs:
            self.pairs |= {run.a + offset: run.b + offset for offset in range(run.size)}
        self._match_free(
            ((self.old[index], index) for index in self._free_before),
            ((self.new[index], index) for index in self._free_after),
        )

    def match_by(self, identity: Callable[[Any], Hashable]) -> None:
        """Match items that have an identity in common."""
        self._match_free(
            ((identity(self.before[index]), index) for index in self._free_before),
            ((identity(self.after[index]), index) for index in self._free_after),
        )

    def _match_free(self, before: Iterable[tuple[Hashable, int]], after: Iterable[tuple[Hashable, int]]) -> None:
        waiting: dict[Hashable, deque[int]] = defaultdict(deque)
        for name, index in after:
            waiting[name].append(index)
        for name, index in before:
            if name is not None and waiting[name]:
                self.pairs[index] = waiting[name].popleft()

    def match_similar(self, key: Callable[[Any], str]) -> None:
        """Match mappings that have most of their entries in common, the most similar first."""
        old = {index: entries for index in self._free_before if (entries := _entries(self.before[index], key))}
        new = {index: entries for index in self._free_after if (entries := _entries(self.after[index], key))}
        if len(old) * len(new) > _MAX_COMPARISONS:
            return
        ranked = sorted(
            (-similarity, abs(before - after), before, after)
            for before, old_entries in old.items()
            for after, new_entries in new.items()
            if (similarity := len(old_entries & new_entries) / max(len(old_entries), len(new_entries))) > _SIMILAR
        )
        taken: set[int] = set()
        for _, _, before, after in ranked:
            if before not in self.pairs and after not in taken:
                self.pairs[before] = after
                taken.add(after)

    def match_neighbours(self, key: Callable[[Any], str]) -> None:
        """Match what is left between two runs of equal items, item by item, but no items that have different names."""
        for before, after in self._gaps():
            for old, new in zip(before, after, strict=False):
                names = _identity(self.before[old], key), _identity(self.after[new], key)
                if None in names:
                    self.pairs[old] = new

    def _gaps(self) -> Iterator[tuple[list[int], list[int]]]:
        """The free indices before and after that lie between the same runs of equal items."""
        free_before, free_after = set(self._free_before), set(self._free_after)
        old = new = 0
        for run in self.runs:
            yield (
                [index for index in range(old, run.a) if index in free_before],
                [index for index in range(new, run.b) if index in free_after],
            )
            old, new = run.a + run.size, run.b + run.size


def _entries(item: Any, key: Callable[[Any], str]) -> set[tuple[str, str]]:
    return {(str(name), key(value)) for name, value in item.items()} if isinstance(item, dict) else set()


def _identity(item: Any, key: Callable[[Any], str]) -> Hashable:
    """What tells the item from others of its list; None if it has no name."""
    if not isinstance(item, dict):
        return None
    if _PROTOCOL in item:
        names = [name for name in item if name in _PEERS or str(name).endswith(_PEER_SUFFIXES)]
        return tuple((name, key(item.get(name))) for name in (_PROTOCOL, "FromPort", "ToPort", *sorted(names)))
    name = next((name for name in IDENTITIES if name in item), None)
    return None if name is None else (name, key(item[name]))
