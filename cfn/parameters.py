"""Checks a parameter file against the root template, before anything is called, and reports all faults together.

The file is CodePipeline's template configuration, ``{"Parameters": {name: text}, "Tags": {…}, "StackPolicy": {…}}``.
A parameter that the file leaves out takes the template's default, never the deployed stack's value, so two environments
with the same file have the same parameters. The file may not hold what packaging fills in.

The constraints are CloudFormation's own (those of a parameter, and the root's Rules: ``root_rules``) and the orders of
numbers that the root's metadata declares (``ParameterOrder``), because CloudFormation cannot compare two numbers:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

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
class TemplateConfiguration:
    """The content of a parameter file that has no fault.

    Attributes:
        parameters: The values, as text.
        tags: The stack's tags.
        stack_policy: The stack policy, or None if the file has none.
        undecided_rules: A sentence for each of the root's rules that only CloudFormation can decide.
    """

    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    stack_policy: Mapping[str, Any] | None
    undecided_rules: tuple[str, ...] = ()


def filled_by_packaging(name: str) -> bool:
    """Whether packaging sets this parameter: ``ArtifactBucket`` and every ``<Function>ArtifactKey``."""
    return name == ARTIFACT_BUCKET or ARTIFACT_KEY.fullmatch(name) is not None


def load_parameters(
    path: Path, root: Mapping[str, Any], shown: str = "", *, region: str | None = None
) -> TemplateConfiguration:
    """Read and check a parameter file.

    Args:
        path: The file.
        root: The parsed root template.
        shown: The path as messages show it; the file's name by default.
        region: The region of the deployment, for rules that need it.

    Raises:
        ParameterError: The file has faults; the error lists all of them.
    """
    file = _read_file(path, shown or path.name)
    faults = _faults(file, root, region)
    if faults:
        raise ParameterError(faults)
    parameters = file.section("Parameters")
    undecided = check_rules(root, _known_values(root, parameters), region).undecided
    return TemplateConfiguration(parameters, file.section("Tags"), file.document.get("StackPolicy"), undecided)


def find_faults(path: Path, root: Mapping[str, Any], shown: str = "", *, region: str | None = None) -> list[Fault]:
    """All faults of a parameter file in the order of its lines, for callers that report them themselves.

    The arguments are those of `load_parameters`.
    """
    try:
        file = _read_file(path, shown or path.name)
    except ParameterError as error:
        return list(error.faults)
    return _faults(file, root, region)


def with_defaults(root: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter of the root: from ``values``, else the template's default as text."""
    declared = root.get("Parameters", {})
    defaults = {name: str(parameter_text(rules.get("Default", ""))) for name, rules in declared.items()}
    return {name: values.get(name, defaults[name]) for name in sorted(declared)}


def _known_values(root: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are known before packaging."""
    return {name: value for name, value in with_defaults(root, values).items() if not filled_by_packaging(name)}


# ---- the file -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """A parameter file that is a JSON object; ``repeated`` holds the keys that it has twice."""

    shown: str
    lines: tuple[str, ...]
    document: Mapping[str, Any]
    repeated: tuple[str, ...]

    def section(self, name: str) -> dict[str, Any]:
        """A section; empty if it is missing or malformed."""
        value = self.document.get(name)
        return value if isinstance(value, dict) else {}

    def line_of(self, name: str) -> int | None:
        """The first line that has the name as a key."""
        key = re.compile(rf"{re.escape(json.dumps(name))}\s*:")
        return next((number for number, line in enumerate(self.lines, 1) if key.search(line)), None)

    def fault(self, name: str, what: str, do: str) -> Fault:
        """A fault at the line of its name."""
        return Fault(self.shown, name, what, do, self.line_of(name))


def _read_file(path: Path, shown: str) -> _File:
    """Read the file. Raises ParameterError with one fault if it is not a JSON object."""
    repeated: list[str] = []

    def note_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    try:
        text = path.read_text("utf-8")
        document = json.loads(text, object_pairs_hook=note_repeated_keys)
    except FileNotFoundError:
        raise _unreadable(shown, "it does not exist.", "Write it, or correct --environment.") from None
    except UnicodeDecodeError as error:
        raise _unreadable(shown, f"not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _unreadable(shown, f"not JSON: {error.msg}.", "Correct this line.", error.lineno) from None
    if not isinstance(document, dict):
        raise _unreadable(shown, "not an object.", 'Write {"Parameters": {…}, "Tags": {…}}.', 1)
    return _File(shown, tuple(text.splitlines()), document, tuple(repeated))


def _unreadable(shown: str, what: str, do: str, line: int | None = None) -> ParameterError:
    return ParameterError([Fault(shown, "file", what, do, line)])


# ---- the checks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Subject:
    """What the checks look at."""

    file: _File
    root: Mapping[str, Any]
    region: str | None

    @property
    def values(self) -> Mapping[str, Any]:
        return self.file.section("Parameters")


class _NamedFault(NamedTuple):
    """A fault before it has its place in the file."""

    name: str
    what: str
    do: str


def _faults(file: _File, root: Mapping[str, Any], region: str | None) -> list[Fault]:
    subject = _Subject(file, root, region)
    faults = [file.fault(*finding) for finding in _structure(file)]
    if isinstance(file.document.get("Parameters", {}), dict):  # otherwise all other faults would follow from this one
        faults += [fault for check in _CHECKS for fault in check(subject)]
    return sorted(faults, key=lambda fault: fault.line or 0)


def _structure(file: _File) -> Iterator[_NamedFault]:
    for name in file.repeated:
        yield _NamedFault(name, "it is there twice.", "Keep one.")
    for name in file.document:
        if name not in SECTIONS:
            yield _NamedFault(name, "not a section of a parameter file.", f"The sections are {', '.join(SECTIONS)}.")
    for name in SECTIONS:
        if name in file.document and not isinstance(file.document[name], dict):
            yield _NamedFault(name, "not an object.", f'Write "{name}": {{…}}.')


def _parameter_faults(subject: _Subject) -> Iterator[Fault]:
    declared = subject.root.get("Parameters", {})
    for name, value in subject.values.items():
        for what, do in _one_parameter(name, value, declared):
            yield subject.file.fault(name, what, do)
    for name, rules in declared.items():
        if name not in subject.values and not filled_by_packaging(name) and "Default" not in rules:
            do = f"Add it: {rules.get('Description', 'see the template')}"
            yield subject.file.fault(name, "it is missing and has no default.", do)


# What is wrong, and what to do.
_Fault = tuple[str, str]


def _one_parameter(name: str, value: Any, declared: Mapping[str, Mapping[str, Any]]) -> Iterator[_Fault]:
    if filled_by_packaging(name):
        yield "packaging fills this in.", "Remove it from the file."
    elif name not in declared:
        close = get_close_matches(name, declared, n=1)
        yield "the root template has no such parameter.", f"Did you mean {close[0]}?" if close else "Remove it."
    elif not isinstance(value, str):
        yield _not_a_string(value)
    else:
        yield from _value_faults(value, declared[name])


def _not_a_string(value: Any) -> _Fault:
    text = parameter_text(value)
    suggestion = text if isinstance(text, str) else json.dumps(value)
    return f"{json.dumps(value)} is not a string.", f"Write {json.dumps(suggestion)}."


def _value_faults(value: str, rules: Mapping[str, Any]) -> Iterator[_Fault]:
    kind = str(rules.get("Type", "String"))
    hint = str(rules.get("ConstraintDescription") or rules.get("Description") or "See the template.")
    if len(value.encode("utf-8")) > MAX_VALUE_BYTES:
        yield f"{len(value.encode('utf-8')):,} bytes; a value has at most {MAX_VALUE_BYTES:,}.", "Shorten it."
        return
    elements = list_items(value) if kind.startswith(LIST_TYPES) else [value]
    element_type = kind[5:-1] if kind.startswith("List<") else kind
    allowed = [str(parameter_text(item)) for item in rules.get("AllowedValues", ())]
    pattern = rules.get("AllowedPattern")
    for element in elements:
        yield from _type_faults(element, element_type, rules)
        if allowed and element not in allowed:
            yield f"{element!r} is not allowed.", f"Choose one of {', '.join(allowed)}."
        if pattern is not None:
            yield from _pattern_faults(element, str(pattern), hint)
    yield from _length_faults(value, kind, rules, hint)


def _type_faults(element: str, kind: str, rules: Mapping[str, Any]) -> Iterator[_Fault]:
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


def _pattern_faults(element: str, pattern: str, hint: str) -> Iterator[_Fault]:
    try:
        matches = re.fullmatch(pattern, element) is not None  # CloudFormation matches the whole value
    except re.error as error:
        yield f"the template's AllowedPattern is broken: {error}.", "Correct the builder."
        return
    if not matches:
        yield f"{element!r} does not match {pattern}.", hint


def _length_faults(value: str, kind: str, rules: Mapping[str, Any], hint: str) -> Iterator[_Fault]:
    if kind == "Number" or kind.startswith(LIST_TYPES):
        return
    low, high = rules.get("MinLength"), rules.get("MaxLength")
    if low is not None and len(value) < int(low):
        yield f"{len(value)} characters; at least {low} are needed.", hint
    if high is not None and len(value) > int(high):
        yield f"{len(value)} characters; at most {high} are allowed.", hint


def _tag_faults(subject: _Subject) -> Iterator[Fault]:
    tags = subject.file.section("Tags")
    if len(tags) > MAX_TAGS:
        yield subject.file.fault("Tags", f"{len(tags)} tags; a stack has at most {MAX_TAGS}.", "Remove some.")
    for key, value in tags.items():
        for what, do in _one_tag(key, value):
            yield subject.file.fault(key, what, do)


def _one_tag(key: str, value: Any) -> Iterator[_Fault]:
    if not isinstance(value, str):
        yield _not_a_string(value)
    elif len(value) > MAX_TAG_VALUE:
        yield f"the tag's value has {len(value)} characters.", f"Use at most {MAX_TAG_VALUE}."
    if not key or len(key) > MAX_TAG_KEY:
        yield f"a tag's key has 1 to {MAX_TAG_KEY} characters.", "Shorten it."
    if key.lower().startswith("aws:"):
        yield "tags that begin with aws: belong to AWS.", "Rename it."


def _policy_faults(subject: _Subject) -> Iterator[Fault]:
    if "StackPolicy" in subject.file.document:
        for what, do in _one_policy(subject.file.section("StackPolicy")):
            yield subject.file.fault("StackPolicy", what, do)


def _one_policy(policy: Mapping[str, Any]) -> Iterator[_Fault]:
    size = len(json.dumps(policy).encode("utf-8"))
    if size > MAX_POLICY_BYTES:
        yield f"{size:,} bytes; CloudFormation takes {MAX_POLICY_BYTES:,}.", "Shorten it."
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not statements:
        yield "it has no Statement.", 'Write {"Statement": [{"Effect": …}]}.'
        return
    for statement in statements:
        missing = [key for key in ("Effect", "Principal") if key not in statement]
        missing += [] if {"Action", "NotAction"} & statement.keys() else ["Action"]
        missing += [] if {"Resource", "NotResource"} & statement.keys() else ["Resource"]
        if missing:
            yield f"a statement lacks {', '.join(missing)}.", "Complete it."


def _rule_faults(subject: _Subject) -> Iterator[Fault]:
    """A fault for each broken rule of the root, at the first of its parameters that the file has."""
    for broken in check_rules(subject.root, _known_values(subject.root, subject.values), subject.region).broken:
        lines = map(subject.file.line_of, broken.parameters)
        yield Fault(subject.file.shown, f"rule {broken.rule}", broken.description, "", next(filter(None, lines), None))


def _order_faults(subject: _Subject) -> Iterator[Fault]:
    """A fault for each number above its successor in an order of the root's metadata.

    A value that is not a number already has the fault of its own parameter and is skipped here.
    """
    values = with_defaults(subject.root, subject.values)
    for order in subject.root.get("Metadata", {}).get(ORDER, ()):
        texts = {name: values[name] for name in order["Ascending"] if isinstance(values.get(name), str)}
        numbers = {name: _number(text) for name, text in texts.items()}
        known = [(name, number) for name, number in numbers.items() if number is not None]
        for (lower, low), (upper, high) in pairwise(known):
            if low > high:
                yield _order_fault(subject, (lower, texts[lower]), (upper, texts[upper]), str(order["Reason"]))


def _order_fault(subject: _Subject, lower: tuple[str, str], upper: tuple[str, str], reason: str) -> Fault:
    places = [subject.file.line_of(name) if name in subject.values else None for name, _ in (lower, upper)]
    sources = [f"line {place}" if place else "the template's default" for place in places]
    (less, less_value), (more, more_value) = lower, upper
    what = f"{less_value} ({sources[0]}) is above {more}, which is {more_value} ({sources[1]})."
    return Fault(subject.file.shown, less, what, f"Lower {less} or raise {more}: {reason}", places[0] or places[1])


_CHECKS: tuple[Callable[[_Subject], Iterator[Fault]], ...] = (
    _parameter_faults,
    _tag_faults,
    _policy_faults,
    _rule_faults,
    _order_faults,
)
