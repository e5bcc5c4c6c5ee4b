"""Policies and the rules of security groups as tables: what they allow reads in columns, not in nested lists.

A row that stays the same is counted, not listed. A row that changes has the items of both sides in its cells, each with its
sign. Tables leave nothing out of a row: a key of a statement or rule that has no column is in the last cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfn.json_text import json_document
from cfn.text import readable, scalar_text
from review.formats.values import short_value, value_lines
from review.judgement.reviewed import ReviewedResource

ADDED, REMOVED, CHANGED, SAME = "+", "-", "~", " "

STATEMENT_COLUMNS = ("effect", "action", "principal", "resource", "condition")
RULE_COLUMNS = ("direction", "protocol", "ports", "peer", "description")
_RULE_LISTS = {"SecurityGroupIngress": "in", "SecurityGroupEgress": "out"}
_RULE_TYPES = {"AWS::EC2::SecurityGroupIngress": "in", "AWS::EC2::SecurityGroupEgress": "out"}
_PEERS = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourcePrefixListId",
    "DestinationSecurityGroupId",
    "DestinationPrefixListId",
)
_ICMP = ("icmp", "icmpv6", "1", "58")


@dataclass(frozen=True)
class Item:
    """One line of a cell, with the sign of what happens to it."""

    sign: str
    text: str


Cell = tuple[Item, ...]


@dataclass(frozen=True)
class Row:
    """One statement or rule.

    Attributes:
        sign: ``+`` added, ``-`` removed, ``~`` changed.
        cells: One for each column.
    """

    sign: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A policy, or a list of rules, that changes.

    Attributes:
        path: The place in the entry of the resource: ``Properties/PolicyDocument``.
        columns: The titles of the cells.
        rows: The rows that change.
        same: How many rows stay as they are.
    """

    path: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    same: int


def tables(change: ReviewedResource) -> tuple[Table, ...]:
    """The policies and rules that a change alters."""
    before, after = change.before or {}, change.after or {}
    if change.action == "Add":
        before = {}
    elif change.action == "Remove":
        after = {}
    found = [*_policy_tables(before, after), *_rule_tables(change.type, before, after)]
    return tuple(_without_empty_columns(table) for table in found if table.rows)


def _without_empty_columns(table: Table) -> Table:
    """The table without columns in which no row has a text, such as the principals of a role's policy."""
    used = [index for index in range(len(table.columns)) if any(row.cells[index] for row in table.rows)]
    rows = tuple(Row(row.sign, tuple(row.cells[index] for index in used)) for row in table.rows)
    return Table(table.path, tuple(table.columns[index] for index in used), rows, table.same)


def row_text(row: Row) -> str:
    """A row on one line: ``+ Allow | s3:GetObject | | arn:aws:s3:::bucket/* |``."""
    cells = (", ".join(f"{item.sign.strip()}{item.text}" for item in cell) for cell in row.cells)
    return f"{row.sign} {' | '.join(cells)}".rstrip()


# ---- policies -------------------------------------------------------------------------------------------------------


def _policy_tables(before: Any, after: Any) -> Iterator[Table]:
    old, new = dict(_policies(before, "")), dict(_policies(after, ""))
    for path in {**old, **new}:
        rows, same = _rows(old.get(path, ()), new.get(path, ()), _statement_cells, _sid)
        yield Table(path, STATEMENT_COLUMNS, rows, same)


def _policies(value: Any, path: str) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Every policy document within a value, also as a text, with its statements."""
    document = json_document(value) or value
    if isinstance(document, dict):
        statements = _as_list(document.get("Statement"))
        if statements and all(isinstance(item, dict) and "Effect" in item for item in statements):
            yield path, statements
            return
        for key, item in document.items():
            yield from _policies(item, f"{path}/{key}" if path else str(key))
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield from _policies(item, f"{path}/{index}")


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _sid(statement: Mapping[str, Any]) -> str:
    return _text(statement.get("Sid", ""))


def _statement_cells(statement: Mapping[str, Any]) -> list[list[str]]:
    """The cells of a statement. ``NotAction`` and its like are told in words."""
    known = {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
    cells = [
        [_text(statement["Effect"]), *([f"({_sid(statement)})"] if _sid(statement) else [])],
        _either(statement, "Action", _texts),
        _either(statement, "Principal", _principals),
        _either(statement, "Resource", _texts),
        [*_conditions(statement.get("Condition"))],
    ]
    return _with_rest(cells, statement, known)


def _either(statement: Mapping[str, Any], key: str, texts: Callable[[Any], Iterable[str]]) -> list[str]:
    excluded = [f"all but {text}" for text in texts(statement.get(f"Not{key}"))]
    return [*texts(statement.get(key)), *excluded]


def _principals(value: Any) -> Iterator[str]:
    """``Service: lambda.amazonaws.com``; the principal of everybody stays ``*``."""
    if isinstance(value, dict) and readable(value) is None:
        for kind, principals in value.items():
            yield from (f"{kind}: {text}" for text in _texts(principals))
    else:
        yield from _texts(value)


def _conditions(value: Any) -> Iterator[str]:
    """``StringEquals aws:SourceAccount = 111122223333``."""
    if not isinstance(value, dict) or readable(value) is not None:
        yield from _texts(value)
        return
    for operator, keys in value.items():
        if isinstance(keys, dict) and readable(keys) is None:
            yield from (f"{operator} {key} = {' or '.join(_texts(values))}" for key, values in keys.items())
        else:
            yield f"{operator} {_text(keys)}"


# ---- rules of security groups ---------------------------------------------------------------------------------------


def _rule_tables(resource_type: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Table]:
    old, new = before.get("Properties") or {}, after.get("Properties") or {}
    if resource_type in _RULE_TYPES:
        rows, same = _rows([old] if old else [], [new] if new else [], _cells_of(_RULE_TYPES[resource_type]), _no_name)
        yield Table("Properties", RULE_COLUMNS, rows, same)
    for key, direction in _RULE_LISTS.items():
        sides = [[rule for rule in _as_list(side.get(key)) if isinstance(rule, dict)] for side in (old, new)]
        rows, same = _rows(sides[0], sides[1], _cells_of(direction), _no_name)
        yield Table(f"Properties/{key}", RULE_COLUMNS, rows, same)


def _no_name(_rule: Mapping[str, Any]) -> str:
    return ""


def _cells_of(direction: str) -> Callable[[Mapping[str, Any]], list[list[str]]]:
    def cells(rule: Mapping[str, Any]) -> list[list[str]]:
        known = {"IpProtocol", "FromPort", "ToPort", "Description", "GroupId", *_PEERS}
        peers = [text for key in _PEERS for text in _texts(rule.get(key))]
        protocol = _text(rule.get("IpProtocol", ""))
        columns = [
            [direction],
            ["all" if protocol == "-1" else protocol],
            [_ports(protocol, rule)],
            peers,
            [*_texts(rule.get("Description"))],
        ]
        return _with_rest(columns, rule, known)

    return cells


def _ports(protocol: str, rule: Mapping[str, Any]) -> str:
    """The ports of a rule; of ICMP the type and the code.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-securitygroup-ingress.html
    """
    first, last = (_text(rule.get(key, "-1")) for key in ("FromPort", "ToPort"))
    if protocol in _ICMP:
        return f"type {'all' if first == '-1' else first}, code {'all' if last == '-1' else last}"
    if protocol == "-1" or first == last == "-1":
        return "all"
    return first if first == last else f"{first}-{last}"


# ---- rows -----------------------------------------------------------------------------------------------------------


def _with_rest(cells: list[list[str]], entry: Mapping[str, Any], known: set[str]) -> list[list[str]]:
    """The cells, with what has no column at the end of the last one."""
    rest = [f"{key}: {_text(value)}" for key, value in entry.items() if key not in known]
    return [*cells[:-1], [*cells[-1], *rest]]


def _rows(
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    cells_of: Callable[[Mapping[str, Any]], list[list[str]]],
    name_of: Callable[[Mapping[str, Any]], str],
) -> tuple[tuple[Row, ...], int]:
    """The rows that change, in the order of the list after, and how many stay.

    Equal entries are matched first, then those of one name, then those that are alike in more than half of their cells.
    """
    old = [(name_of(entry), cells_of(entry)) for entry in before]
    new = [(name_of(entry), cells_of(entry)) for entry in after]
    added, same = [], 0
    for entry in new:
        match = next((other for other in old if [*map(sorted, other[1])] == [*map(sorted, entry[1])]), None)
        if match is None:
            added.append(entry)
        else:
            old.remove(match)
            same += 1
    rows = []
    for name, cells in added:
        match = next((other for other in old if name and other[0] == name), None) or _most_alike(cells, old)
        if match is None:
            rows.append(Row(ADDED, tuple(tuple(Item(SAME, text) for text in cell) for cell in cells)))
        else:
            old.remove(match)
            rows.append(Row(CHANGED, tuple(map(_changed_cell, match[1], cells))))
    removed = [Row(REMOVED, tuple(tuple(Item(SAME, text) for text in cell) for cell in cells)) for _, cells in old]
    return (*removed, *rows), same


def _most_alike(
    cells: list[list[str]], candidates: list[tuple[str, list[list[str]]]]
) -> tuple[str, list[list[str]]] | None:
    def alike(candidate: tuple[str, list[list[str]]]) -> int:
        return sum(left == right for left, right in zip(candidate[1], cells, strict=True))

    best = max(candidates, key=alike, default=None)
    return best if best is not None and alike(best) * 2 > len(cells) else None


def _changed_cell(before: list[str], after: list[str]) -> Cell:
    stay = [Item(SAME if text in before else ADDED, text) for text in after]
    return (*(Item(REMOVED, text) for text in before if text not in after), *stay)


def _texts(value: Any) -> Iterator[str]:
    for item in _as_list(value):
        yield _text(item)


def _text(value: Any) -> str:
    """A value on one line: whole, with references as placeholders."""
    text = readable(value)
    if text is None:
        text = short_value(value) if isinstance(value, (dict, list)) else scalar_text(value)
    return " ".join(value_lines(value)) if text is None else text
