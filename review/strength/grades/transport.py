"""Grades of how connections and requests are protected, where more than one property decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from review.strength.measures import at, same_text
from review.strength.order import Protected, Rank
from review.strength.values import UNKNOWN, Unknown, canonical, is_function, is_resolved, items, text, truth


def is_encrypted_listener(value: Any) -> Rank:
    """Whether a listener of a load balancer is encrypted, or only sends its callers to HTTPS."""
    if value is None:
        return True
    protocol = text(at(value, "Protocol") or "HTTP")
    if isinstance(protocol, Unknown):
        return UNKNOWN
    return protocol.upper() in ("HTTPS", "TLS", "QUIC", "TCP_QUIC") or _redirects(at(value, "DefaultActions"))


def _redirects(actions: Any) -> bool:
    listed = items(actions)
    if isinstance(listed, Unknown) or not listed:
        return False
    return all(same_text(at(action, "RedirectConfig/Protocol") or "", "HTTPS") for action in listed)


_VERSIONS = ("SSLV3", "TLSV1", "TLSV1.1", "TLSV1.2", "TLSV1.3")


def oldest_version(value: Any) -> Rank:
    """The place of the oldest version in a list of versions of TLS."""
    names = items(value)
    if isinstance(names, Unknown) or not is_resolved(names):
        return UNKNOWN
    places = [_version_place(str(name)) for name in names]
    return UNKNOWN if UNKNOWN in places else min(places, default=UNKNOWN)


def origin_version(value: Any) -> Rank:
    """The same for the protocols of an origin, which have a default."""
    return oldest_version(["TLSv1", "SSLv3"] if value is None else value)


def _version_place(name: str) -> Rank:
    name = name.upper().replace("V1.0", "V1").replace("TLS1", "TLSV1")
    return _VERSIONS.index(name) if name in _VERSIONS else UNKNOWN


_VIEWER_VERSIONS = (
    ("SSLv3",),
    ("TLSv1",),
    ("TLSv1_2016",),
    ("TLSv1.1_2016",),
    ("TLSv1.2_2018",),
    ("TLSv1.2_2019",),
    ("TLSv1.2_2021",),
    ("TLSv1.2_2025",),
    ("TLSv1.3_2025",),
)


def viewer_version(value: Any) -> Rank:
    """The security policy of a distribution, in the order of the table of CloudFront.

    With CloudFront's own certificate the policy is TLSv1, whatever the template says:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
    """
    own = at(value, "AcmCertificateArn") or at(value, "IamCertificateId")
    if own is None:
        return 1
    name = text(at(value, "MinimumProtocolVersion") or "TLSv1")
    return next((place for place, names in enumerate(_VIEWER_VERSIONS) if name in names), UNKNOWN)


def is_encrypted_address(value: Any) -> Rank:
    """Whether an address is not one of plain HTTP."""
    if value is None:
        return True
    word = canonical(value)
    return UNKNOWN if is_function(value) and "://" not in word else "http://" not in word


def required_parameters(value: Any) -> Rank:
    """The parameters that a method requires: a mapping of names to truths."""
    parameters = value if isinstance(value, Mapping) else {}
    return Protected(frozenset(name for name, is_required in parameters.items() if truth(is_required) is not False))


def names(value: Any) -> Rank:
    """The names of a mapping."""
    return Protected(frozenset(value if isinstance(value, Mapping) else ()))
