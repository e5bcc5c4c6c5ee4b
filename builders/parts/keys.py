"""A customer-managed KMS key and its policy.

Each kind of data has a key of its own, so that permission to read logs is not permission to read the database. A key's policy
is a table of uses: which service may use the key, for which principals, and under which encryption context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import awacs.kms as kms
from awacs.aws import (
    Allow,
    ArnLike,
    Bool,
    ConditionElement,
    Principal,
    Statement,
    StringEquals,
    StringLike,
)
from troposphere import AWSHelperFn, Ref, Sub
from troposphere.kms import Alias, Key

from builders.contract.names import SUFFIX
from builders.contract.template import Port, TierTemplate
from builders.iam.statements import ACCOUNT_ROOT, all_of, from_this_account, policy, via

_CRYPTO = [
    kms.Encrypt,
    kms.Decrypt,
    kms.ReEncryptFrom,
    kms.ReEncryptTo,
    kms.GenerateDataKey,
    kms.GenerateDataKeyWithoutPlaintext,
]
# No kms:Create*, because it includes CreateGrant, which would grant cryptographic use.
_ADMINISTER = [
    *(
        kms.Action(f"{verb}*")
        for verb in ("Describe", "Enable", "List", "Put", "Update", "Revoke", "Disable", "Get", "Delete")
    ),
    kms.CreateAlias,
    kms.TagResource,
    kms.UntagResource,
    kms.ScheduleKeyDeletion,
    kms.CancelKeyDeletion,
    kms.RotateKeyOnDemand,
]
_KEY_POLICY_REASON = "In a key policy the resource * is the key itself"
_ROLE_REASON = (
    "The role uses the key directly, which AWS documents without a condition: kms:ViaService would refuse it, and a volume's "
    "context is its generated id. The principal is a service's role for this stack alone; its grants are bound to AWS's services"
)


@dataclass(frozen=True)
class KeyUse:
    """One way in which a key may be used.

    Attributes:
        sid: names the use.
        through: services (``s3``, ``rds`` …) through which principals of this account may use the key. If it is empty, only
            the encryption context limits the use.
        principals: services that use the key as themselves, for this account only. Placeholders are allowed
            (``logs.${AWS::Region}``).
        roles: ARNs of service roles in this account to which the key's policy itself grants the use.
        sends_account: whether those services send ``aws:SourceAccount``. If not, the context contains the account.
        writes: whether those services encrypt by themselves, as CloudWatch Logs does. Others only request data keys.
        only_reads: whether those services only decrypt.
        grants: whether the services use the key after the call too, for which they create a grant.
        source: pattern of the ARNs on whose behalf those services call.
        context: encryption context (key → patterns) that every cryptographic call must send.
        without_context: reason why the use has no encryption context, written to the template's metadata. Service roles need
            none, because they share one reason.
    """

    sid: str
    through: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    sends_account: bool = True
    writes: bool = False
    only_reads: bool = False
    grants: bool = False
    source: str | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without_context: str = ""


@dataclass(frozen=True)
class KeyRow:
    """One key of a platform.

    Attributes:
        title: logical id.
        stem: the alias without platform and suffix.
        description: the kind of data; the beginning of the key's description.
        port: the port that exports the key's ARN, or None.
        uses: who may use the key, and for what.
    """

    title: str
    stem: str
    description: str
    port: Port | None
    uses: tuple[KeyUse, ...]

    @property
    def needed_uses(self) -> tuple[KeyUse, ...]:
        """The uses without those for resources that the platform does not have, which would have an empty context."""
        return tuple(use for use in self.uses if all(use.context.values()))


def add_key(template: TierTemplate, row: KeyRow) -> Key:
    """Adds a symmetric key with an alias. KMS rotates it every year and deletes it after the shortest waiting period."""
    key = template.add(
        Key(
            row.title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Metadata=_reasons(row.needed_uses),
            Description=Sub(f"{row.description} of {template.platform} {SUFFIX}"),
            EnableKeyRotation=True,
            PendingWindowInDays=7,
            KeyPolicy=policy(*_key_policy(row.needed_uses)),
        )
    )
    template.add(
        Alias(
            f"{row.title}Alias",
            AliasName=Sub(f"alias/{template.name_text(row.stem)}"),
            TargetKeyId=Ref(key),
        )
    )
    return key


def _reasons(uses: Sequence[KeyUse]) -> dict[str, dict[str, str]]:
    """Reasons that answer a reviewer's questions about the policy, by statement."""
    unbound = {use.sid: use.without_context or _ROLE_REASON for use in uses if use.without_context or use.roles}
    return {
        "WildcardResources": {s.properties["Sid"]: _KEY_POLICY_REASON for s in _key_policy(uses)},
        **({"WithoutEncryptionContext": unbound} if unbound else {}),
    }


def _key_policy(uses: Sequence[KeyUse]) -> list[Statement]:
    return [_administration(), *[statement for use in uses for statement in _use(use)]]


def _administration() -> Statement:
    """The account administers the key through IAM. This grants no principal its cryptographic use."""
    return Statement(
        Sid="Administration",
        Effect=Allow,
        Principal=Principal("AWS", [ACCOUNT_ROOT]),
        Action=_ADMINISTER,
        Resource=["*"],
    )


def _use(use: KeyUse) -> list[Statement]:
    if use.principals:
        return [_service_use(use)]
    if use.roles:
        return _role_use(use)
    return [_account_use(use), *([_account_grant(use)] if use.grants else [])]


def _service_use(use: KeyUse) -> Statement:
    """The service as itself, for resources of this account."""
    bound: list[ConditionElement] = [from_this_account()] if use.sends_account else []
    if use.source:
        bound.append(ArnLike("aws:SourceArn", Sub(use.source)))
    return Statement(
        Sid=use.sid,
        Effect=Allow,
        Principal=Principal("Service", [_service(name) for name in use.principals]),
        Action=_service_actions(use),
        Resource=["*"],
        Condition=all_of(*bound, *_contexts(use)),
    )


def _service_actions(use: KeyUse) -> list[kms.Action]:
    if use.only_reads:
        return [kms.Decrypt]
    return [*_CRYPTO, kms.DescribeKey] if use.writes else [kms.Decrypt, kms.GenerateDataKey]


def _account_use(use: KeyUse) -> Statement:
    """Principals of this account whose own policies allow the use, only through the services and under the context."""
    through = [StringEquals("kms:ViaService", [via(name) for name in use.through])] if use.through else []
    return Statement(
        Sid=use.sid,
        Effect=Allow,
        Principal=Principal("AWS", [ACCOUNT_ROOT]),
        Action=_CRYPTO,
        Resource=["*"],
        Condition=all_of(StringEquals("kms:CallerAccount", Ref("AWS::AccountId")), *through, *_contexts(use)),
    )


def _account_grant(use: KeyUse) -> Statement:
    """Services that use the key after the call too (databases, tables, functions) create a grant."""
    through = [StringEquals("kms:ViaService", [via(name) for name in use.through])] if use.through else []
    return Statement(
        Sid=f"{use.sid}Grants",
        Effect=Allow,
        Principal=Principal("AWS", [ACCOUNT_ROOT]),
        Action=[kms.CreateGrant],
        Resource=["*"],
        Condition=all_of(
            StringEquals("kms:CallerAccount", Ref("AWS::AccountId")),
            Bool("kms:GrantIsForAWSResource", "true"),
            *through,
        ),
    )


def _role_use(use: KeyUse) -> list[Statement]:
    """A service's own role. No one can extend its permissions, so only the key's policy can grant the use.

    Both statements are AWS's own. The first lets the role "use the key directly", without a condition, because
    ``kms:ViaService`` is never true for such a call. The second limits its grants to AWS's services.
    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    principal = Principal("AWS", [Sub(role) for role in use.roles])
    return [
        Statement(Sid=use.sid, Effect=Allow, Principal=principal, Action=[*_CRYPTO, kms.DescribeKey], Resource=["*"]),
        Statement(
            Sid=f"{use.sid}Grants",
            Effect=Allow,
            Principal=principal,
            Action=[kms.CreateGrant],
            Resource=["*"],
            Condition=all_of(Bool("kms:GrantIsForAWSResource", "true")),
        ),
    ]


def _contexts(use: KeyUse) -> list[ArnLike | StringLike]:
    conditions: list[ArnLike | StringLike] = []
    for key, patterns in use.context.items():
        operator = ArnLike if all(pattern.startswith("arn:") for pattern in patterns) else StringLike
        conditions.append(operator(f"kms:EncryptionContext:{key}", [_filled(pattern) for pattern in patterns]))
    return conditions


def _service(name: str) -> AWSHelperFn | str:
    return _filled(f"{name}.amazonaws.com")


def _filled(pattern: str) -> AWSHelperFn | str:
    return Sub(pattern) if "${" in pattern else pattern
