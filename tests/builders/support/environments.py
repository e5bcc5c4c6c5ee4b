"""Environments of platforms as AWS would have them: every template resolved, with the names and ARNs of every resource.

The templates are resolved once for each platform, with a placeholder as suffix. An environment is that text with its suffix
filled in, so a test can compare many pairs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from typing import Any

from builders.assembly.emit import as_dict
from builders.assembly.root import assemble
from builders.contract.template import ENVIRONMENT_SUFFIX
from builders.platforms import PLATFORMS
from cfn.names import NAMINGS, value_at
from cfn.parameters import with_defaults
from review.access.discovery import ATTACHED_POLICIES, PERMISSION, PERMISSION_CONDITIONS, POLICIES
from review.access.stacks import ResolvedResource, StackTemplate, resolved_resources
from review.access.symbols import Symbol, SymbolKind, encode, symbols
from tests.builders.support.identities import PART, identity_of


@dataclass(frozen=True)
class Site:
    """Where environments are: an account, and a region of a partition."""

    region: str = "us-east-1"
    account: str = "111122223333"
    partition: str = "aws"

    @property
    def pseudo(self) -> dict[str, str]:
        """The pseudo parameters of CloudFormation."""
        return {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": "amazonaws.com",
        }


HERE = Site()
SUFFIX_MARK = "\u00a7"
"""Stands for the suffix in resolved texts. No template contains this character."""
_NEGATED = re.compile("Not|^Null$|^Bool$|^Numeric|^Date")


@dataclass(frozen=True)
class Grant:
    """One text of an Allow that decides for whom or for what the Allow holds.

    Attributes:
        resource: path and logical id of the resource that has the policy.
        sid: the statement.
        element: ``Resource``, ``Principal`` or a condition key.
        pattern: the text, in which ``*`` and ``?`` are wildcards.
    """

    resource: str
    sid: str
    element: str
    pattern: str

    def matches(self, texts: frozenset[str]) -> frozenset[str]:
        """The texts that the pattern matches. A wildcard may cross colons, which is stricter than AWS is with ARNs."""
        if not {"*", "?"} & set(self.pattern):
            return texts & {self.pattern}
        wild = {"*": ".*", "?": "."}
        expression = re.compile("".join(wild.get(letter, re.escape(letter)) for letter in self.pattern), re.DOTALL)
        return frozenset(filter(expression.fullmatch, texts))


@dataclass(frozen=True)
class PolicyText:
    """One resolved policy document, with the resource that has it."""

    resource: str
    type: str
    document: Mapping[str, Any]

    def statements(self) -> Iterator[Mapping[str, Any]]:
        """Its statements."""
        listed = self.document["Statement"]
        yield from listed if isinstance(listed, list) else [listed]


@dataclass(frozen=True)
class Environment:
    """One environment of a platform.

    Attributes:
        name: the platform and the suffix.
        identifiers: the names, ids and ARNs of its resources.
        own_texts: these, and every text of a property that contains the suffix, such as a namespace of metrics.
        policies: every policy document.
        settings: the texts of all properties outside of policies, such as the destination of a log.
    """

    name: str
    identifiers: frozenset[str]
    own_texts: frozenset[str]
    policies: tuple[PolicyText, ...]
    settings: frozenset[str]

    def grants(self) -> frozenset[Grant]:
        """What all Allows name. A lone ``*`` is left out: its reason is in the template's metadata (requirement A-6)."""
        return frozenset(
            Grant(policy.resource, str(statement["Sid"]), element, pattern)
            for policy in self.policies
            for statement in policy.statements()
            if statement["Effect"] == "Allow"
            for element, pattern in _named(statement)
            if pattern != "*"
        )


def _named(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    excluding = {"NotAction", "NotPrincipal", "NotResource"} & set(statement)
    assert not excluding, f"{statement['Sid']} allows what it does not name: {excluding}"
    yield from (("Resource", text) for text in _listed(statement.get("Resource", [])))
    principal = statement.get("Principal", {})
    if isinstance(principal, dict):
        yield from (("Principal", text) for text in _listed(principal.get("AWS", [])))
    for operator, keys in statement.get("Condition", {}).items():
        if not _NEGATED.search(operator):
            yield from ((key, text) for key, values in keys.items() for text in _listed(values))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=64)
def environment(platform: str, suffix: str, *, name: str = "", site: Site = HERE) -> Environment:
    """An environment of a platform.

    Args:
        platform: a platform of the registry.
        suffix: the environment's suffix.
        name: another name for the platform; its own by default.
        site: where the environment is.
    """
    return _filled(_blueprint(platform, name or platform, site), suffix)


def _filled(blueprint: Environment, suffix: str) -> Environment:
    def text(value: str) -> str:
        return value.replace(SUFFIX_MARK, suffix)

    policies = tuple(replace(p, document=_texts_replaced(p.document, text)) for p in blueprint.policies)
    return Environment(
        name=text(blueprint.name),
        identifiers=frozenset(map(text, blueprint.identifiers)),
        own_texts=frozenset(map(text, blueprint.own_texts)),
        policies=policies,
        settings=frozenset(map(text, blueprint.settings)),
    )


@cache
def _blueprint(platform: str, name: str, site: Site) -> Environment:
    resources = _resources(platform, name, site)
    texts = _Texts(name, site, resources)
    identifiers = frozenset(text for resource in resources for text in texts.identifiers(resource))
    settings = frozenset(text for resource in resources for text in _leaves(_settings(resource, texts)))
    return Environment(
        name=f"{name} {SUFFIX_MARK}",
        identifiers=identifiers,
        own_texts=identifiers | {text for text in settings if SUFFIX_MARK in text},
        policies=tuple(policy for resource in resources for policy in _policies(resource, texts)),
        settings=settings,
    )


def _resources(platform: str, name: str, site: Site) -> list[ResolvedResource]:
    """All resources of a platform, those that a parameter switches on included."""
    templates = assemble(replace(PLATFORMS[platform], name=name)).templates
    documents = {f"{tier}.yaml": as_dict(template) for tier, template in templates.items()}
    root = StackTemplate.of(documents, "root.yaml")
    return list(resolved_resources(root, _values(root.document), site.pseudo))


def _values(root: Mapping[str, Any]) -> dict[str, str]:
    """Values with which every resource exists: each switch is on, and what may be empty is not."""
    switches = {
        name: "true" for name, rules in root["Parameters"].items() if rules.get("AllowedValues") == ["true", "false"]
    }
    values = with_defaults(root, {**switches, ENVIRONMENT_SUFFIX.name: SUFFIX_MARK})
    return {name: value or f"given-{name}" for name, value in values.items()}


class _Texts:
    """Turns what the resolved templates hold into texts as AWS has them."""

    def __init__(self, platform: str, site: Site, resources: list[ResolvedResource]) -> None:
        self.platform, self.site = platform, site
        self.resources = {resource.name: resource for resource in resources}

    def identifiers(self, resource: ResolvedResource) -> Iterator[str]:
        """The names, ids and ARNs of a resource."""
        identity = identity_of(resource.type)
        if identity is not PART:
            yield from (self._form(form, resource) for form in identity.texts())

    def plain(self, value: Any) -> Any:
        """A resolved value as plain data, with each reference replaced by what AWS returns."""
        return _texts_replaced(encode(value), self._text)

    def _text(self, text: str) -> str:
        for symbol in symbols(text):
            text = text.replace(symbol.token, self._value(symbol))
        return text

    def _value(self, symbol: Symbol) -> str:
        name, _, attribute = symbol.name.partition(".")
        resource = self.resources.get(name)
        if symbol.kind is not SymbolKind.REFERENCE or resource is None:
            return f"<{self.platform}.{SUFFIX_MARK}.{symbol.name}>"
        identity = identity_of(resource.type)
        form = identity.attributes.get(attribute, f"{{id}}.{attribute}") if attribute else identity.ref
        return self._form(form, resource)

    def _form(self, form: str, resource: ResolvedResource) -> str:
        identifier = f"<{self.platform}.{SUFFIX_MARK}.{resource.name.replace('/', '.')}>"
        name = self._name(resource) if "{name}" in form else ""
        return form.format(name=name, id=identifier, **asdict(self.site))

    def _name(self, resource: ResolvedResource) -> str:
        values = [value_at(resource.properties, path) for path in NAMINGS[resource.type].paths]
        return str(self.plain(next(value for value in values if value is not None)))


def _policies(resource: ResolvedResource, texts: _Texts) -> Iterator[PolicyText]:
    for path in _policy_paths(resource.type):
        value = value_at(resource.properties, path)
        if value is not None:
            document = texts.plain(value)
            parsed = json.loads(document) if isinstance(document, str) else document
            yield PolicyText(resource.name, resource.type, parsed)
    if resource.type == PERMISSION:
        yield PolicyText(
            resource.name, resource.type, {"Statement": [_permission(texts.plain(dict(resource.properties)))]}
        )


def _policy_paths(kind: str) -> list[str]:
    attached = ["PolicyDocument"] if kind in ATTACHED_POLICIES else []
    return [row.path for row in POLICIES if row.type == kind] + attached


def _permission(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that a permission adds to the policy of its function."""
    conditions: dict[str, dict[str, Any]] = {}
    for name, (operator, key) in PERMISSION_CONDITIONS.items():
        if name in properties:
            conditions.setdefault(operator, {})[key] = properties[name]
    return {"Sid": "Permission", "Effect": "Allow", "Resource": properties["FunctionName"], "Condition": conditions}


def _settings(resource: ResolvedResource, texts: _Texts) -> Any:
    policies = _policy_paths(resource.type)
    return texts.plain({name: value for name, value in resource.properties.items() if name not in policies})


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield str(value)


def _texts_replaced(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts_replaced(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts_replaced(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
