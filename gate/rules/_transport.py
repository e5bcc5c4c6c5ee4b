"""Finds ways without TLS, for the rules of this folder. The docstring of the package says how a rule loads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cfnlint.helpers import import_filename

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values
texts = import_filename("_texts", _FOLDER).texts
mentions = import_filename("_texts", _FOLDER).mentions

LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
# The protocols by which these types send in plaintext what they receive.
PLAIN_PROTOCOLS: dict[str, tuple[str, ...]] = {
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("HTTP",),
    "AWS::SNS::Subscription": ("http",),
}
PLAIN_ORIGINS = ("http-only", "match-viewer")


class Way(NamedTuple):
    """A way without TLS.

    Attributes:
        path: where it is, below the properties of the resource.
        message: what is wrong.
        always: whether it is open under all conditions of the template, so that no parameter closes it.
    """

    path: list[str]
    message: str
    always: bool


def plain_ways(resource: Mapping[str, Any], template: Mapping[str, Any]) -> Iterator[Way]:
    """Yields the ways without TLS that a resource opens."""
    kind, properties = str(resource.get("Type", "")), resource.get("Properties") or {}
    if kind == LISTENER:
        yield from _listener(properties, template)
    elif kind == "AWS::ElasticLoadBalancingV2::ListenerRule":
        yield from _listener_rule(resource, properties, template)
    elif kind in PLAIN_PROTOCOLS:
        yield from _ways(
            ["Protocol"],
            "what arrives goes on over HTTP",
            _texts(properties, "Protocol", template),
            PLAIN_PROTOCOLS[kind],
        )
    elif kind == "AWS::ElasticLoadBalancing::LoadBalancer":
        protocols = [text.lower() for text in _texts(properties, "Listeners.*.Protocol", template)]
        if any(protocol in ("http", "tcp") for protocol in protocols):
            yield Way(["Listeners"], "a listener works without TLS", True)
    elif kind == "AWS::CloudFront::Distribution":
        yield from _distribution(properties.get("DistributionConfig") or {}, template)


def _texts(properties: Any, path: str, template: Mapping[str, Any]) -> list[str]:
    return [text for value in values(properties, path) for text in texts(value, template)]


def _ways(path: list[str], message: str, found: list[str], plain: tuple[str, ...]) -> Iterator[Way]:
    """A way is always open if every value that the property can have opens it."""
    if any(text in plain for text in found):
        yield Way(path, message, all(text in plain for text in found))


def _listener(properties: Any, template: Mapping[str, Any]) -> Iterator[Way]:
    """A listener for HTTP may redirect to HTTPS, or answer itself that nothing is here."""
    if "HTTP" in _texts(properties, "Protocol", template):
        actions = [action for action in values(properties, "DefaultActions.*") if isinstance(action, dict)]
        passing = [action for action in actions if not _closes(action, template)]
        if passing:
            own = properties["DefaultActions"] if isinstance(properties["DefaultActions"], list) else []
            always = len(passing) == len(actions) or any(action in passing for action in own)
            yield Way(["Protocol"], "the listener answers over HTTP. Redirect to HTTPS", always)


def _listener_rule(resource: Mapping[str, Any], properties: Any, template: Mapping[str, Any]) -> Iterator[Way]:
    listeners = {name: it for name, it in (template.get("Resources") or {}).items() if it.get("Type") == LISTENER}
    for name, listener in listeners.items():
        plain = "HTTP" in _texts(listener.get("Properties"), "Protocol", template)
        actions = [action for action in values(properties, "Actions.*") if isinstance(action, dict)]
        if plain and mentions(properties.get("ListenerArn"), name) and not all(_closes(a, template) for a in actions):
            message = f"the rule forwards what {name} receives over HTTP"
            yield Way(["Actions"], message, "Condition" not in resource)


def _closes(action: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    kind = texts(action.get("Type"), template)
    to = texts((action.get("RedirectConfig") or {}).get("Protocol"), template)
    return bool(kind == ["fixed-response"] or (kind == ["redirect"] and to == ["HTTPS"]))


def _distribution(config: Any, template: Mapping[str, Any]) -> Iterator[Way]:
    certificates = list(values(config, "ViewerCertificate"))
    default = [
        text
        for certificate in certificates
        for value in (values(certificate, "CloudFrontDefaultCertificate") if certificate else [True])
        for text in texts(value, template) or ["false"]
    ]
    message = "the default certificate of CloudFront admits TLS 1.0"
    yield from _ways(["DistributionConfig"], message, default, ("true",))
    for origin in values(config, "Origins.*.CustomOriginConfig"):
        policies = _texts(origin, "OriginProtocolPolicy", template)
        yield from _ways(["DistributionConfig", "Origins"], "an origin is reached over HTTP", policies, PLAIN_ORIGINS)
