"""Checks a parameter file against the root template: every fault at once, before anything is called.

The file is CodePipeline's template configuration, ``{"Parameters": {name: text}, "Tags": {…}, "StackPolicy": {…}}``.
It is the whole truth: parameters that it leaves out take the template's default, never the deployed stack's value, so
two environments with the same file have the same parameters. What packaging fills in may not be in it.

The constraints are CloudFormation's own, those of a parameter and the root's Rules (``rules``), and the orders of numbers
that the root's metadata declares (``ParameterOrder``), because CloudFormation cannot tell the greater of two:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from cfn.errors import Fault, ParameterError
from cfn.root_rules import check_rules
from cfn.text import list_items, parameter_text

ARTIFACT_BUCKET = "ArtifactBucket"
ORDER = "ParameterOrder"
ARTIFACT_KEY = re.compile(r"[A-Z][A-Za-z0-9]*ArtifactKey")
SECTIONS = ("Parameters", "Tags", "StackPolicy")
MAX_VALUE_BYTES = 4096
MAX_TAGS = 50
MAX_TAG_KEY, MAX_TAG_VALUE = 128, 256
MAX_POLICY_BYTES = 16_384
LIST_TYPES = ("CommaDelimitedList", "List<")
# The shape of the identifiers whose types CloudFormation checks against the account.
IDENTIFIERS = {
    "AWS::EC2::VPC::Id": re.compile(r"vpc-[0-9a-f]{8,17}"),
    "AWS::EC2::Subnet::Id": re.compile(r"subnet-[0-9a-f]{8,17}"),
    "AWS::EC2::SecurityGroup::Id": re.compile(r"sg-[0-9a-f]{8,17}"),
    "AWS::EC2::Image::Id": re.compile(r"ami-[0-9a-f]{8,17}"),
    "AWS::EC2::AvailabilityZone::Name": re.compile(r"[a-z]{2}(-[a-z]+)+-\d[a-z]"),
    "AWS::Route53::HostedZone::Id": re.compile(r"Z[A-Z0-9]{5,31}"),
}


@dataclass(frozen=True)
class ParameterFile:
    """A parameter file that has no fault. ``stack_policy`` is None when the file has none; ``left`` says which of the
    root's rules only CloudFormation can decide.
    """

    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    stack_policy: Mapping[str, Any] | None
    left: tuple[str, ...] = ()


def filled_by_packaging(name: str) -> bool:
    """True for ``ArtifactBucket`` and every ``<Function>ArtifactKey``."""
    return name == ARTIFACT_BUCKET or ARTIFACT_KEY.fullmatch(name) is not None


def load(path: Path, root: Mapping[str, Any], shown: str = "", *, region: str | None = None) -> ParameterFile:
    """Read and check the file, for a deployment in ``region`` where the root's rules ask for it.

    Raises ParameterError with all faults; ``shown`` is the path in their text.
    """
    faults, document = _examine(path, root, shown or path.name, region)
    if faults:
        raise ParameterError(faults)
    given = document["Parameters"]
    left = check_rules(root, _known(root, given), region).undecided
    return ParameterFile(given, document.get("Tags", {}), document.get("StackPolicy"), left)


def check(path: Path, root: Mapping[str, Any], shown: str = "", *, region: str | None = None) -> list[Fault]:
    """All faults of the file, in the order of its lines. For the gate, which reports them itself."""
    return _examine(path, root, shown or path.name, region)[0]


def complete(root: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Every parameter of the root with its value: what is given, else the template's default."""
    declared = root.get("Parameters", {})
    return {name: given.get(name, _default(rules)) for name, rules in sorted(declared.items())}


def _known(root: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the values before packaging."""
    return {name: value for name, value in complete(root, given).items() if not filled_by_packaging(name)}


def _default(rules: Mapping[str, Any]) -> str:
    return str(parameter_text(rules.get("Default", "")))


def _examine(path: Path, root: Mapping[str, Any], shown: str, region: str | None) -> tuple[list[Fault], dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return [Fault(shown, "file", "it does not exist.", "Write it, or correct --environment.")], {}
    except UnicodeDecodeError as error:
        return [Fault(shown, "file", f"not UTF-8 (byte {error.start}).", "Save it as UTF-8.")], {}
    repeated: list[str] = []

    def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    try:
        document = json.loads(text, object_pairs_hook=no_key_twice)
    except json.JSONDecodeError as error:
        return [Fault(shown, "file", f"not JSON: {error.msg}.", "Correct this line.", error.lineno)], {}
    if not isinstance(document, dict):
        return [Fault(shown, "file", "not an object.", 'Write {"Parameters": {…}, "Tags": {…}}.', 1)], {}
    lines = text.splitlines()

    def at(name: str, what: str, do: str) -> Fault:
        return Fault(shown, name, what, do, _line_of(lines, name))

    faults = [at(name, "it is there twice.", "Keep one.") for name in repeated]
    faults += [
        at(name, "not a section of a parameter file.", f"The sections are {', '.join(SECTIONS)}.")
        for name in document
        if name not in SECTIONS
    ]
    for section in SECTIONS:
        if section in document and not isinstance(document[section], dict):
            faults.append(at(section, "not an object.", f'Write "{section}": {{…}}.'))
            document[section] = {}
            if section == "Parameters":
                return faults, {}  # whatever else could be said follows from this
    document.setdefault("Parameters", {})
    for name, what, do in (
        *_parameter_faults(document["Parameters"], root.get("Parameters", {})),
        *_tag_faults(document.get("Tags", {})),
        *_policy_faults(document.get("StackPolicy")),
    ):
        faults.append(at(name, what, do))
    for broken in check_rules(root, _known(root, document["Parameters"]), region).broken:
        line = next(filter(None, (_line_of(lines, name) for name in broken.parameters)), None)
        faults.append(Fault(shown, f"rule {broken.rule}", broken.description, "", line))
    faults += _order_faults(root, document["Parameters"], shown, lines)
    return sorted(faults, key=lambda fault: fault.line or 0), document


def _order_faults(
    root: Mapping[str, Any], given: Mapping[str, Any], shown: str, lines: Sequence[str]
) -> Iterator[Fault]:
    """A fault for each number above the one that follows it in an order of the root's metadata.

    What is no number is told by its own parameter's fault and is left out here.
    """
    for order in root.get("Metadata", {}).get(ORDER, ()):
        values = {name: value for name, value in complete(root, given).items() if isinstance(value, str)}
        numbers = {name: _number(values[name]) for name in order["Ascending"] if name in values}
        known = [(name, number) for name, number in numbers.items() if number is not None]
        for (less, low), (more, high) in pairwise(known):
            if low <= high:
                continue
            places = {name: _line_of(lines, name) if name in given else None for name in (less, more)}
            sources = {name: f"line {place}" if place else "the template's default" for name, place in places.items()}
            yield Fault(
                shown,
                less,
                f"{values[less]} ({sources[less]}) is above {more}, which is {values[more]} ({sources[more]}).",
                f"Lower {less} or raise {more}: {order['Reason']}",
                places[less] or places[more],
            )


def _line_of(lines: Sequence[str], name: str) -> int | None:
    key = re.compile(rf"{re.escape(json.dumps(name))}\s*:")
    return next((number for number, line in enumerate(lines, 1) if key.search(line)), None)


# What, and what to do; the name of the parameter goes before them.
_Found = Iterator[tuple[str, str, str]]


def _parameter_faults(given: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]) -> _Found:
    for name, value in given.items():
        if filled_by_packaging(name):
            yield name, "packaging fills this in.", "Remove it from the file."
        elif name not in declared:
            close = get_close_matches(name, declared, n=1)
            yield (
                name,
                "the root template has no such parameter.",
                f"Did you mean {close[0]}?" if close else "Remove it.",
            )
        elif not isinstance(value, str):
            yield name, f"{json.dumps(value)} is not a string.", f"Write {json.dumps(_as_text(value))}."
        else:
            for what, do in _value_faults(value, declared[name]):
                yield name, what, do
    for name, rules in declared.items():
        if name not in given and not filled_by_packaging(name) and "Default" not in rules:
            yield name, "it is missing and has no default.", f"Add it: {rules.get('Description', 'see the template')}"


def _as_text(value: Any) -> str:
    text = parameter_text(value)
    return text if isinstance(text, str) else json.dumps(value)


def _value_faults(value: str, rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = str(rules.get("Type", "String"))
    hint = str(rules.get("ConstraintDescription") or rules.get("Description") or "See the template.")
    if len(value.encode("utf-8")) > MAX_VALUE_BYTES:
        yield f"{len(value.encode('utf-8')):,} bytes; a value has at most {MAX_VALUE_BYTES:,}.", "Shorten it."
        return
    elements = list_items(value) if kind.startswith(LIST_TYPES) else [value]
    element_type = kind[5:-1] if kind.startswith("List<") else kind
    allowed = [_as_text(item) for item in rules.get("AllowedValues", ())]
    pattern = rules.get("AllowedPattern")
    for element in elements:
        yield from _type_faults(element, element_type, rules)
        if allowed and element not in allowed:
            yield f"{element!r} is not allowed.", f"Choose one of {', '.join(allowed)}."
        if pattern is not None:
            yield from _pattern_faults(element, str(pattern), hint)
    yield from _length_faults(value, kind, rules, hint)


def _type_faults(element: str, kind: str, rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if kind == "Number":
        number = _number(element)
        if number is None:
            yield f"{element!r} is not a number.", 'Write digits, such as "7".'
            return
        low, high = rules.get("MinValue"), rules.get("MaxValue")
        if low is not None and number < float(low):
            yield f"{element} is below the minimum {low}.", _range(low, high)
        if high is not None and number > float(high):
            yield f"{element} is above the maximum {high}.", _range(low, high)
    elif kind in IDENTIFIERS and not IDENTIFIERS[kind].fullmatch(element):
        yield f"{element!r} is not an {kind}.", "Take the id from the account."


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # float() takes "nan", "inf" and "1_0"; CloudFormation does not.
    return number if re.fullmatch(r"\s*[-+]?[\d.]+([eE][-+]?\d+)?\s*", text) else None


def _range(low: Any, high: Any) -> str:
    if low is not None and high is not None:
        return f"Choose from {low} to {high}."
    return f"Choose at least {low}." if low is not None else f"Choose at most {high}."


def _pattern_faults(element: str, pattern: str, hint: str) -> Iterator[tuple[str, str]]:
    try:
        matches = re.fullmatch(pattern, element) is not None  # CloudFormation matches the whole value
    except re.error as error:
        yield f"the template's AllowedPattern is broken: {error}.", "Correct the builder."
        return
    if not matches:
        yield f"{element!r} does not match {pattern}.", hint


def _length_faults(value: str, kind: str, rules: Mapping[str, Any], hint: str) -> Iterator[tuple[str, str]]:
    if kind == "Number" or kind.startswith(LIST_TYPES):
        return
    low, high = rules.get("MinLength"), rules.get("MaxLength")
    if low is not None and len(value) < int(low):
        yield f"{len(value)} characters; at least {low} are needed.", hint
    if high is not None and len(value) > int(high):
        yield f"{len(value)} characters; at most {high} are allowed.", hint


def _tag_faults(tags: Mapping[str, Any]) -> _Found:
    if len(tags) > MAX_TAGS:
        yield "Tags", f"{len(tags)} tags; a stack has at most {MAX_TAGS}.", "Remove some."
    for key, value in tags.items():
        if not isinstance(value, str):
            yield key, f"{json.dumps(value)} is not a string.", f"Write {json.dumps(_as_text(value))}."
        elif len(value) > MAX_TAG_VALUE:
            yield key, f"the tag's value has {len(value)} characters.", f"Use at most {MAX_TAG_VALUE}."
        if not key or len(key) > MAX_TAG_KEY:
            yield key, f"a tag's key has 1 to {MAX_TAG_KEY} characters.", "Shorten it."
        if key.lower().startswith("aws:"):
            yield key, "tags that begin with aws: belong to AWS.", "Rename it."


def _policy_faults(policy: Any) -> _Found:
    if policy is None:
        return
    size = len(json.dumps(policy).encode("utf-8"))
    if size > MAX_POLICY_BYTES:
        yield "StackPolicy", f"{size:,} bytes; CloudFormation takes {MAX_POLICY_BYTES:,}.", "Shorten it."
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if not isinstance(statements, list) or not statements:
        yield "StackPolicy", "it has no Statement.", 'Write {"Statement": [{"Effect": …}]}.'
        return
    for statement in statements:
        missing = [key for key in ("Effect", "Principal") if key not in statement]
        missing += [] if {"Action", "NotAction"} & statement.keys() else ["Action"]
        missing += [] if {"Resource", "NotResource"} & statement.keys() else ["Resource"]
        if missing:
            yield "StackPolicy", f"a statement lacks {', '.join(missing)}.", "Complete it."
