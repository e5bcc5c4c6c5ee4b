"""Reads the statements of policies, for the rules of this folder. The docstring of the package says how a rule loads it."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from cfnlint.helpers import import_filename

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts

TRUST = "AssumeRolePolicyDocument"
ENDPOINT = "AWS::EC2::VPCEndpoint"
# Policies that limit others and grant nothing.
GUARDRAILS = ("AWS::Organizations::Policy",)
# Keys by which a statement names the accounts, networks or resources from which a request comes.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
ACCOUNT_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:sourceaccount",
        "aws:sourceowner",  # what older policies of topics have for it
        "kms:calleraccount",
        "aws:principalorgid",
        "aws:sourceorgid",
        "aws:principalorgpaths",
        "aws:sourceorgpaths",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "s3:dataaccesspointaccount",
    }
)
ARN_KEYS = frozenset({"aws:sourcearn", "aws:principalarn", "s3:dataaccesspointarn"})
NETWORK_KEYS = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"})
ADDRESS_KEYS = frozenset({"aws:sourceip", "aws:vpcsourceip"})
SWITCHES = frozenset({"aws:multifactorauthpresent", "elasticfilesystem:accessedviamounttarget"})
OTHER_KEYS = frozenset({"aws:userid", "elasticfilesystem:accessedviamounttarget"})
CALLER_KEYS = ACCOUNT_KEYS | ARN_KEYS | NETWORK_KEYS | ADDRESS_KEYS | OTHER_KEYS
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_SHORTEST_PREFIX_BITS = {4: 8, 6: 16}  # wider networks are the world, or a large part of it


class Statement(NamedTuple):
    """A statement and where it is.

    Attributes:
        resource: logical id of the resource with the policy.
        kind: type of that resource.
        path: path of the statement in the template.
        body: the statement.
        template: the whole template.
    """

    resource: str
    kind: str
    path: list[str | int]
    body: dict[str, Any]
    template: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether the statement allows something."""
        return "Allow" in self.texts("Effect")

    @property
    def is_trust(self) -> bool:
        """Whether the statement says who assumes a role."""
        return TRUST in self.path

    @property
    def names_principals(self) -> bool:
        """Whether the statement belongs to a policy of a resource or a role's trust policy."""
        return "Principal" in self.body or "NotPrincipal" in self.body

    def texts(self, key: str) -> list[str]:
        """Returns the texts of an element, such as ``Resource``."""
        return list(texts(self.body.get(key), self.template))

    def actions(self) -> list[str]:
        """Returns the actions in lower case, because AWS ignores their case."""
        return [text.lower() for text in self.texts("Action")]

    def covers(self, action: str) -> bool:
        """Whether one of the actions, or the pattern in it, is this action."""
        return any(fnmatchcase(action.lower(), pattern) for pattern in self.actions())

    def principals(self) -> list[tuple[str, str]]:
        """Returns the kind (``AWS``, ``Service``, …) and the text of each principal. ``*`` is of the kind ``AWS``."""
        found: list[tuple[str, str]] = []
        for principal in values(self.body.get("Principal")):
            if isinstance(principal, dict) and not _is_function(principal):
                found += [(kind, text) for kind, node in principal.items() for text in texts(node, self.template)]
            else:
                found += [("AWS", text) for text in texts(principal, self.template)]
        return found

    def conditions(self) -> Iterator[dict[str, Any]]:
        """Yields the conditions, one for each arm of Fn::If. A statement without a condition yields an empty one."""
        for condition in values(self.body.get("Condition")):
            yield condition if isinstance(condition, dict) else {}

    def is_bound(
        self, keys: frozenset[str] = CALLER_KEYS, prefixes: tuple[str, ...] = (), lenient: bool = False
    ) -> bool:
        """Whether every arm of the condition limits one of the keys to values that are not everything.

        Args:
            keys: condition keys in lower case.
            prefixes: beginnings of further keys.
            lenient: accept ``…IfExists``. It binds nothing where a request lacks the key.
        """
        return all(self._binds(condition, keys, prefixes, lenient) for condition in self.conditions())

    def _binds(self, condition: dict[str, Any], keys: frozenset[str], prefixes: tuple[str, ...], lenient: bool) -> bool:
        for operator, tests in condition.items():
            for test in values(tests) if _is_positive(str(operator), lenient) else ():
                for key, node in test.items() if isinstance(test, dict) else ():
                    name = str(key).lower()
                    if name in keys or (prefixes and name.startswith(prefixes)):
                        found = texts(node, self.template)
                        if found and all(_limits(name, text) for text in found):
                            return True
        return False


def statements(template: Mapping[str, Any]) -> Iterator[Statement]:
    """Yields every statement of every policy in a template, in all arms of Fn::If, also in policies that are JSON text."""
    for logical_id, resource in (template.get("Resources") or {}).items():
        if isinstance(resource, dict):
            path: list[str | int] = ["Resources", logical_id, "Properties"]
            for place, body in _statements(resource.get("Properties"), path):
                yield Statement(logical_id, str(resource.get("Type", "")), place, body, template)


def is_world(cidr: str) -> bool:
    """Whether a range of addresses is the whole internet, or a large part of it."""
    try:
        network = ipaddress.ip_network(cidr.strip(), strict=False)
    except ValueError:
        return False
    return network.prefixlen < _SHORTEST_PREFIX_BITS[network.version]


def _statements(node: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _statements(item, [*path, index])
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Statement":
                yield from _arms(value, [*path, key])
            yield from _statements(value, [*path, key])
    elif isinstance(node, str) and '"Statement"' in node:
        try:
            document = json.loads(node)
        except ValueError:
            return
        for _, body in _statements(document, []):
            yield path, body


def _arms(node: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _arms(item, [*path, index])
    elif isinstance(node, dict) and set(node) == {"Fn::If"}:
        for index, arm in enumerate(node["Fn::If"][1:], start=1):
            yield from _arms(arm, [*path, "Fn::If", index])
    elif isinstance(node, dict) and "Effect" in node:
        yield path, node


def _is_function(node: dict[str, Any]) -> bool:
    return len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref"))


def _is_positive(operator: str, lenient: bool) -> bool:
    """Whether an operator limits a request to values. ForAllValues and IfExists also match a request without the key."""
    name = operator.lower().removeprefix("foranyvalue:")
    if name.endswith("ifexists"):
        name = name.removesuffix("ifexists") if lenient else ""
    return name in (
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
        "arnequals",
        "arnlike",
        "ipaddress",
        "bool",
    )


def _limits(key: str, text: str) -> bool:
    """Whether a value of a condition key excludes anything that matters."""
    if key in ADDRESS_KEYS:
        return not is_world(text)
    if key in ARN_KEYS or key.endswith("arn"):
        return limits_arn(text)
    if key in SWITCHES:
        return text.lower() == "true"
    if key in ACCOUNT_KEYS and not key.endswith("orgpaths"):
        return "*" not in text and "?" not in text
    return bool(text.strip("*?/:"))


def limits_arn(text: str) -> bool:
    """Whether an ARN names an account, or a resource of S3, whose ARNs name no account."""
    parts = [part.replace("\0", ":") for part in _VARIABLE.sub(_without_colons, text).split(":", 5)]
    if len(parts) < 6:
        return bool(text.strip("*?:/"))
    account, name = parts[4], parts[5]
    if account.strip("*?"):
        return "*" not in account and "?" not in account
    return parts[2] == "s3" and bool(name) and not name.startswith(("*", "?"))


def _without_colons(match: re.Match[str]) -> str:
    """Hides the colons of a variable such as ``${AWS::AccountId}``, which separate no parts of an ARN."""
    return match.group().replace(":", "\0")
