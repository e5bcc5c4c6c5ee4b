"""Finds every policy of a tree of stacks and groups them by the place where they are attached.

The managed and inline policies of one role are one document, because AWS unites them; a permissions boundary is a second
layer. All other policies stand alone at their resource. A policy in a type that the table does not list is found by its form,
so no policy is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfn.text import is_function
from review.access.causes import Cause
from review.access.decision import Comparison, compare
from review.access.document import Document, load, unavailable
from review.access.stacks import ResolvedResource, StackTemplate, resolved_resources
from review.access.statements import Kind
from review.access.symbols import SymbolKind, encode, readable, symbols


@dataclass(frozen=True, order=True)
class Place:
    """Where policies are attached.

    Attributes:
        target: The path of the resource, such as ``storage/RawBucket``, or the name of one outside of the templates.
    """

    kind: Kind
    target: str

    def __str__(self) -> str:
        return f"{self.kind} of {readable(self.target)}"


@dataclass(frozen=True)
class Attachment:
    """The policies of one place.

    Attributes:
        document: What they say together.
        resources: The names of the resources that they come from: ``storage/RawBucketPolicy``.
    """

    document: Document
    resources: frozenset[str]


@dataclass(frozen=True)
class _Row:
    """One property that holds a policy.

    Attributes:
        path: The property.
        target: The property that names the resources to which the policy is attached; "" for the resource itself.
        default: Whether the service has a policy of its own if the template has none.
    """

    type: str
    path: str
    kind: Kind
    target: str = ""
    default: bool = False


# The properties are those of the resource schemas; tests/review/access/test_discovery.py compares them.
POLICIES = (
    _Row("AWS::ApiGateway::RestApi", "Policy", Kind.RESOURCE, default=True),
    _Row("AWS::Backup::BackupVault", "AccessPolicy", Kind.RESOURCE),
    _Row("AWS::DynamoDB::Table", "ResourcePolicy/PolicyDocument", Kind.RESOURCE),
    _Row("AWS::EC2::VPCEndpoint", "PolicyDocument", Kind.ENDPOINT, default=True),
    _Row("AWS::ECR::Repository", "RepositoryPolicyText", Kind.RESOURCE),
    _Row("AWS::EFS::FileSystem", "FileSystemPolicy", Kind.RESOURCE, default=True),
    _Row("AWS::IAM::Role", "AssumeRolePolicyDocument", Kind.TRUST),
    _Row("AWS::KMS::Key", "KeyPolicy", Kind.RESOURCE, default=True),
    _Row("AWS::KMS::ReplicaKey", "KeyPolicy", Kind.RESOURCE),
    _Row("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", Kind.RESOURCE, target="ResourceArn"),
    _Row("AWS::Logs::ResourcePolicy", "PolicyDocument", Kind.RESOURCE),
    _Row("AWS::OpenSearchService::Domain", "AccessPolicies", Kind.RESOURCE),
    _Row("AWS::S3::AccessPoint", "Policy", Kind.RESOURCE),
    _Row("AWS::S3::BucketPolicy", "PolicyDocument", Kind.RESOURCE, target="Bucket"),
    _Row("AWS::SNS::TopicInlinePolicy", "PolicyDocument", Kind.RESOURCE, target="TopicArn"),
    _Row("AWS::SNS::TopicPolicy", "PolicyDocument", Kind.RESOURCE, target="Topics"),
    _Row("AWS::SQS::QueueInlinePolicy", "PolicyDocument", Kind.RESOURCE, target="Queue"),
    _Row("AWS::SQS::QueuePolicy", "PolicyDocument", Kind.RESOURCE, target="Queues"),
    _Row("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", Kind.RESOURCE, target="SecretId"),
)
IDENTITIES = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
"""Types with the properties Policies and ManagedPolicyArns, and PermissionsBoundary except for groups."""
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
ATTACHED_POLICIES: Mapping[str, tuple[str, ...]] = {
    MANAGED_POLICY: ("Roles", "Users", "Groups"),
    "AWS::IAM::Policy": ("Roles", "Users", "Groups"),
    "AWS::IAM::RolePolicy": ("RoleName",),
    "AWS::IAM::UserPolicy": ("UserName",),
    "AWS::IAM::GroupPolicy": ("GroupName",),
}
"""Type of a policy in ``PolicyDocument`` → the properties that name the identities to which it is attached."""
# The text of this one is known: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html
ADMINISTRATOR_ACCESS = ":iam::aws:policy/AdministratorAccess"
ADMINISTRATOR_STATEMENT: Mapping[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PERMISSION = "AWS::Lambda::Permission"
# https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html: the statement that AddPermission adds.
PERMISSION_CONDITIONS: Mapping[str, tuple[str, str]] = {
    "SourceArn": ("ArnLike", "aws:SourceArn"),
    "SourceAccount": ("StringEquals", "aws:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}
_PERMISSION_ELEMENTS = {"Action", "FunctionName", "Principal"}


Compare = Callable[[Document | None, Document | None], Comparison]


def attachments(
    root: StackTemplate, parameters: Mapping[str, Any], pseudo: Mapping[str, str]
) -> dict[Place, Attachment]:
    """The policies of a tree of stacks by place. The arguments are those of `resolved_resources`."""
    resources = list(resolved_resources(root, parameters, pseudo))
    return {**_resource_policies(resources), **_Identities(resources).attachments()}


def comparisons(
    before: Mapping[Place, Attachment], after: Mapping[Place, Attachment], compare: Compare = compare
) -> dict[Place, Comparison]:
    """The comparison of every place whose policies differ.

    Args:
        before: The policies before the change.
        after: The policies after the change.
        compare: Compares two documents; a caller with many similar trees may give one that remembers its answers.
    """
    result = {}
    for place in sorted({*before, *after}):
        old, new = (side[place].document if place in side else None for side in (before, after))
        if old != new:
            result[place] = compare(old, new)
    return result


# ---- policies of resources ------------------------------------------------------------------------------------------


def _resource_policies(resources: Iterable[ResolvedResource]) -> dict[Place, Attachment]:
    rows: dict[str, list[_Row]] = {}
    for row in POLICIES:
        rows.setdefault(row.type, []).append(row)
    found: dict[Place, Attachment] = {}
    for resource in resources:
        for place, document in _policies_of(resource, rows.get(resource.type, [])):
            _add(found, place, _if_present(document, resource), resource.name)
    return found


def _policies_of(resource: ResolvedResource, rows: Sequence[_Row]) -> Iterator[tuple[Place, Document]]:
    if resource.type == PERMISSION:
        yield _permission(resource)
    elif not rows and resource.type not in (*ATTACHED_POLICIES, *IDENTITIES):
        for policy in _by_form(resource.properties):
            yield Place(Kind.RESOURCE, resource.name), load(policy, Kind.RESOURCE)
    for row in rows:
        policy = _at(resource.properties, row.path)
        if policy is not None:
            for target in _targets(resource, row):
                yield Place(row.kind, target), load(policy, row.kind)
        elif row.default:
            yield Place(row.kind, resource.name), _default(row)


def _default(row: _Row) -> Document:
    if row.kind is Kind.ENDPOINT:
        return Document.absent(row.kind)
    return unavailable(row.type, row.kind, Cause.DEFAULT_POLICY)


def _targets(resource: ResolvedResource, row: _Row) -> list[str]:
    if not row.target:
        return [resource.name]
    return [_name(item) for item in _listed(resource.properties.get(row.target))]


def _name(value: Any) -> str:
    """The resource that a value refers to by a symbol; the value as text otherwise."""
    text = str(encode(value))
    found = symbols(text)
    is_reference = len(found) == 1 and found[0].token == text and found[0].kind is SymbolKind.REFERENCE
    return found[0].resource if is_reference else text


def _permission(resource: ResolvedResource) -> tuple[Place, Document]:
    """The statement of a function's policy that a permission adds."""
    properties = resource.properties
    principal = encode(properties.get("Principal", ""))
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": _permission_principal(principal),
        "Action": properties.get("Action"),
        "Resource": properties.get("FunctionName"),
        "Condition": {},
    }
    for name, value in properties.items():
        if name in PERMISSION_CONDITIONS:
            operator, key = PERMISSION_CONDITIONS[name]
            statement["Condition"].setdefault(operator, {})[key] = value
        elif name not in _PERMISSION_ELEMENTS:
            statement[name] = value  # an element that no statement has makes it unread
    return Place(Kind.RESOURCE, _name(properties.get("FunctionName"))), load({"Statement": statement}, Kind.RESOURCE)


def _permission_principal(principal: str) -> Any:
    if principal == "*":
        return principal
    is_service = "." in principal and not principal.startswith("arn:")
    return {"Service" if is_service and not symbols(principal) else "AWS": principal}


def _by_form(value: Any) -> Iterator[Mapping[str, Any]]:
    """The policies anywhere in a value: mappings with statements that have an effect."""
    if isinstance(value, dict):
        statements = value.get("Statement")
        listed = statements if isinstance(statements, list) else [statements]
        if any(isinstance(statement, dict) and "Effect" in statement for statement in listed):
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _by_form(item)


# ---- policies of identities -----------------------------------------------------------------------------------------


class _Identities:
    """The identities of a tree with the policies that are attached to them."""

    def __init__(self, resources: Sequence[ResolvedResource]) -> None:
        self.identities = [resource for resource in resources if resource.type in IDENTITIES]
        self.policies = {resource.name: resource for resource in resources if resource.type in ATTACHED_POLICIES}
        names = ((identity, _own_name(identity)) for identity in self.identities)
        self.names = {name: identity.name for identity, name in names if name is not None}

    def attachments(self) -> dict[Place, Attachment]:
        """The documents of identities, and of policies that no identity of the tree has."""
        found: dict[Place, Attachment] = {}
        for policy in self.policies.values():
            for target in self._holders(policy):
                _add(found, Place(Kind.IDENTITY, target), self._document(policy), policy.name)
        for identity in self.identities:
            place = Place(Kind.IDENTITY, identity.name)
            for document, source in self._own(identity):
                _add(found, place, document, source)
            boundary = identity.properties.get("PermissionsBoundary")
            if boundary is not None:
                document, source = self._managed(boundary)
                held = found.get(place, Attachment(Document.absent(Kind.IDENTITY), frozenset()))
                found[place] = Attachment(held.document.bounded(document), held.resources | {source})
        attached = {source for attachment in found.values() for source in attachment.resources}
        for policy in self.policies.values():
            if policy.name not in attached:
                _add(found, Place(Kind.IDENTITY, policy.name), self._document(policy), policy.name)
        return found

    def _holders(self, policy: ResolvedResource) -> Iterator[str]:
        for name in ATTACHED_POLICIES[policy.type]:
            for item in _listed(policy.properties.get(name)):
                target = _name(item)
                yield self.names.get(target, target)

    def _own(self, identity: ResolvedResource) -> Iterator[tuple[Document, str]]:
        """The inline policies of an identity, and the managed policies that it lists."""
        for inline in _listed(identity.properties.get("Policies")):
            yield _if_present(load(_at(inline, "PolicyDocument"), Kind.IDENTITY), identity), identity.name
        for arn in _listed(identity.properties.get("ManagedPolicyArns")):
            document, source = self._managed(arn)
            yield _if_present(document, identity), source

    def _managed(self, arn: Any) -> tuple[Document, str]:
        """A managed policy by its ARN, and the resource that it comes from."""
        name = _name(arn)
        if name in self.policies:
            return self._document(self.policies[name]), name
        if name.endswith(ADMINISTRATOR_ACCESS):
            return load({"Statement": ADMINISTRATOR_STATEMENT}, Kind.IDENTITY), name
        unknown = [symbol.cause for symbol in symbols(name)]
        return unavailable(name, cause=unknown[0] if unknown else Cause.OTHER_POLICY), name

    @staticmethod
    def _document(policy: ResolvedResource) -> Document:
        return _if_present(load(policy.properties.get("PolicyDocument"), Kind.IDENTITY), policy)


# ---- both -----------------------------------------------------------------------------------------------------------


def _own_name(identity: ResolvedResource) -> str | None:
    """The name that a template gives to an identity, as text."""
    name = identity.properties.get(f"{identity.type.rpartition('::')[2]}Name")
    return None if name is None else _name(name)


def _if_present(document: Document, resource: ResolvedResource) -> Document:
    return document.doubtful(resource.undecided) if resource.undecided else document


def _add(found: dict[Place, Attachment], place: Place, document: Document, source: str) -> None:
    held = found.get(place)
    if held is None:
        found[place] = Attachment(document, frozenset({source}))
    else:
        found[place] = Attachment(held.document.united([document]), held.resources | {source})


def _listed(value: Any) -> list[Any]:
    """The items of a list; a function in place of a list is one item."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _at(value: Any, path: str) -> Any:
    """The value at a path; a function in the way is the value, because its content is not known."""
    for key in path.split("/"):
        if is_function(value) or not isinstance(value, dict):
            return value
        value = value.get(key)
    return value
