"""Lists of principals as root parameters: users and roles by name, and roles of single sign-on by their permission set."""

from __future__ import annotations

from builders.contract.console import Group
from builders.contract.template import RootParameter

NOBODY = "none"
"""The value of a list of principals that leaves the role out."""
_PRINCIPAL = "(role|user)/[A-Za-z0-9_+=.@/-]+"
# Single sign-on ends the names of its roles at random, and IAM lets nobody else create a role in this path. For an identity
# center in us-east-1 the path has no region. All other patterns are rejected.
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_SINGLE_SIGN_ON = (
    r"role/aws-reserved/sso\.amazonaws\.com/(\*/|[a-z0-9-]+/)?AWSReservedSSO_[A-Za-z0-9_+=.@-]+_(\*|\?{16})"
)


def principals(group: Group, name: str, label: str, who: str) -> RootParameter:
    """Creates the parameter that lists who may assume a role.

    It has no default: neither everybody nor nobody would be right for a stack that runs.

    Args:
        group: the console's group.
        name: the parameter's name.
        label: the console's label.
        who: whose role it is, to complete "the role of …".
    """
    return group.text(
        name,
        label,
        f"Users and roles of this account that may assume the role of {who}, if their own policies allow it too: ARNs separated "
        f"by commas; or {NOBODY}, which leaves the role out. A role's sessions count as the role. All other principals of the "
        "account are rejected.",
        pattern=rf"^{NOBODY}$|^arn:aws(-[a-z]+)*:iam::[0-9]{{12}}:({_PRINCIPAL}|{_SINGLE_SIGN_ON})$",
        constraint=f"{NOBODY}, or ARNs of users and roles separated by commas. Wildcards stand for the random parts of a single "
        "sign-on role only: arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analyst_*.",
        type="CommaDelimitedList",
    )
