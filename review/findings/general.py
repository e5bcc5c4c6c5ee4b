"""Every finding on a change itself, R1xx to R3xx: its code, its sentence and its reason.

The code that judges takes its sentences from here, and ``catalogue`` writes ``docs/rules.md`` from here and from
``examples``. A code never gets another meaning. R1xx are obstacles, at which the execution fails. R2xx are warnings. R3xx are
notes on how far to trust a line.
"""

from __future__ import annotations

from review.findings.finding import Label, ReviewFinding, Verdict

_STACK_POLICIES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html"
_UPDATE_POLICIES = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html"
)
_DELETION_POLICY = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"
)
_UPDATE_REPLACE_POLICY = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html"
)
_EXPORTS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html"
_PARAMETERS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html"
_TERMINATION_PROTECTION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html"
_VALIDATION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html"


# ---- obstacles ------------------------------------------------------------------------------------------------------

NAME_STAYS = ReviewFinding(
    code="R101",
    verdict=Verdict.BLOCKED,
    sentence="it is to be replaced but keeps its {property}; give it another name in the same change",
    reason=(
        "CloudFormation creates the new resource before it deletes the old one. Both would have the same name, so the "
        "creation fails and the stack rolls back."
    ),
)
NAME_IN_USE = ReviewFinding(
    code="R102",
    verdict=Verdict.BLOCKED,
    sentence="{resource} has its name, and is deleted only after this one is created; give it another name",
    reason=(
        "A resource that gets another logical id, or moves to another nested stack, is a new resource for CloudFormation. "
        "CloudFormation creates it before it deletes the old one, so the creation fails at the name and the stack rolls "
        "back."
    ),
)
DENIED_BY_POLICY = ReviewFinding(
    code="R103",
    verdict=Verdict.BLOCKED,
    sentence="the stack policy denies {action} on {type}",
    reason=(
        "A stack policy denies what no statement allows, and a denial outweighs every allowance. The update fails at this "
        "resource and the stack rolls back."
    ),
    source_url=_STACK_POLICIES,
)

TYPE_CHANGES = ReviewFinding(
    code="R104",
    verdict=Verdict.BLOCKED,
    sentence="its type changes from {before} to {after}; give the new resource another logical id",
    reason=(
        "CloudFormation permits no other type under the same logical id, and rejects the change set. Under another logical "
        "id, CloudFormation creates the new resource and deletes the old one."
    ),
)

# ---- warnings -------------------------------------------------------------------------------------------------------

REMOVED_WITH_DATA = ReviewFinding(
    code="R201",
    verdict=Verdict.BLOCKED,
    possible_verdict=Verdict.LOOK,
    sentence="is removed: {id}",
    possible="may be removed: {id}",
    reason=(
        "The resource holds data, identity or evidence, and its DeletionPolicy does not keep them. The review names the id "
        "of the resource, so that you can back it up."
    ),
)
REPLACED_BY_EMPTY = ReviewFinding(
    code="R202",
    verdict=Verdict.BLOCKED,
    possible_verdict=Verdict.LOOK,
    sentence="is replaced by an empty one: {id}",
    possible="may be replaced by an empty one: {id}",
    reason=(
        "The resource holds data, identity or evidence. CloudFormation creates a new resource without them and deletes the "
        "old one, because a property that changes cannot change in place and the UpdateReplacePolicy does not keep the old "
        "one."
    ),
)


GROUP_REPLACED = ReviewFinding(
    code="R203",
    verdict=Verdict.LOOK,
    sentence="a new group with new instances takes its place; the old one is deleted when the new one is healthy",
    possible=(
        "a new group with new instances may take its place; the old one may be deleted when the new one is healthy"
    ),
    reason=(
        "The UpdatePolicy has AutoScalingReplacingUpdate with WillReplace, and a property changes that new instances need. "
        "Both groups run for a while."
    ),
    source_url=_UPDATE_POLICIES,
)
INSTANCE_REFRESH = ReviewFinding(
    code="R204",
    verdict=Verdict.LOOK,
    sentence="an instance refresh will replace its instances",
    possible="an instance refresh may replace its instances",
    reason="The UpdatePolicy has AutoScalingInstanceRefresh, and a property changes that new instances need.",
    source_url=_UPDATE_POLICIES,
)
ROLLING_WITH_SIGNALS = ReviewFinding(
    code="R205",
    verdict=Verdict.LOOK,
    sentence=(
        "its instances will be replaced, {batch} at a time, {kept} kept in service, waiting up to {pause} for the signal of "
        "each"
    ),
    possible=(
        "its instances may be replaced, {batch} at a time, {kept} kept in service, waiting up to {pause} for the signal of "
        "each"
    ),
    reason=(
        "The UpdatePolicy has AutoScalingRollingUpdate, and a property changes that new instances need. An instance "
        "that does not signal in time counts as failed, and too many failed instances fail the update."
    ),
    source_url=_UPDATE_POLICIES,
)
ROLLING_WITHOUT_SIGNALS = ReviewFinding(
    code="R206",
    verdict=Verdict.LOOK,
    sentence="its instances will be replaced, {batch} at a time, {kept} kept in service, without waiting for signals",
    possible="its instances may be replaced, {batch} at a time, {kept} kept in service, without waiting for signals",
    reason=(
        "The UpdatePolicy has AutoScalingRollingUpdate without WaitOnResourceSignals, and a property changes that new "
        "instances need. CloudFormation replaces all instances even if the new ones do not start."
    ),
    source_url=_UPDATE_POLICIES,
)
INSTANCES_STAY = ReviewFinding(
    code="R207",
    sentence="it has no UpdatePolicy: running instances stay as they are, only new ones get the change",
    reason=(
        "A property changes that new instances need, and no UpdatePolicy makes CloudFormation replace the running "
        "instances. The group runs two versions until its last old instance ends."
    ),
    source_url=_UPDATE_POLICIES,
)

VALIDATION_WARNS = ReviewFinding(
    code="R208",
    verdict=Verdict.LOOK,
    sentence="{place}: {reason}",
    reason=(
        "CloudFormation's own validation found what the change set does not show, such as a service quota that would be "
        "exceeded. The words are CloudFormation's. The execution would fail, possibly after half an hour."
    ),
    source_url=_VALIDATION,
)
VALIDATION_SKIPPED = ReviewFinding(
    code="R209",
    verdict=Verdict.LOOK,
    sentence="{place}: not checked: {reason}",
    reason=(
        "CloudFormation skipped a check, or the deployer could not read its warnings, most often because a permission is "
        "missing. The execution can fail at what was not checked."
    ),
    source_url=_VALIDATION,
)

REMOVED_AND_KEPT = ReviewFinding(
    code="R210",
    verdict=Verdict.LOOK,
    sentence="is no longer managed, but keeps existing and costs: {id}",
    possible="may be no longer managed, but keeps existing and costs: {id}",
    reason=(
        "The resource holds data or an identity, and its DeletionPolicy keeps it. No stack owns it any more. You can import "
        "it into a stack, or delete it by hand."
    ),
    source_url=_DELETION_POLICY,
)
REMOVED_WITH_SNAPSHOT = ReviewFinding(
    code="R211",
    verdict=Verdict.BLOCKED,
    possible_verdict=Verdict.LOOK,
    sentence="is deleted, a snapshot is kept: {id}",
    possible="may be deleted, a snapshot is kept: {id}",
    reason=(
        "The DeletionPolicy is Snapshot, or the resource type has it as default. The data is in the snapshot. What uses the "
        "resource fails until you restore it."
    ),
    source_url=_DELETION_POLICY,
)
REPLACED_AND_KEPT = ReviewFinding(
    code="R212",
    verdict=Verdict.BLOCKED,
    possible_verdict=Verdict.LOOK,
    sentence="is replaced by an empty one; {kept}: {id}",
    possible="may be replaced by an empty one; {kept}: {id}",
    reason=(
        "The resource holds data or an identity, and a property that changes cannot change in place. The "
        "UpdateReplacePolicy keeps the old resource or a snapshot of it, but everything that refers to the resource gets the "
        "new, empty one."
    ),
    source_url=_UPDATE_REPLACE_POLICY,
)
EXPORT_ENDS = ReviewFinding(
    code="R213",
    verdict=Verdict.LOOK,
    sentence="the export {name} ends; the update fails while another stack imports it",
    reason=(
        "CloudFormation removes or renames no export that another stack imports. `aws cloudformation list-imports` names the "
        "stacks."
    ),
    source_url=_EXPORTS,
)
EXPORT_CHANGES = ReviewFinding(
    code="R214",
    verdict=Verdict.LOOK,
    sentence="the value of the export {name} changes; the update fails while another stack imports it",
    possible="the value of the export {name} may change; the update fails while another stack imports it",
    reason=(
        "CloudFormation changes no exported value that another stack imports. `aws cloudformation list-imports` names the "
        "stacks."
    ),
    source_url=_EXPORTS,
)
PARAMETER_SHOWN = ReviewFinding(
    code="R215",
    verdict=Verdict.LOOK,
    label=Label.WEAKER,
    sentence="without NoEcho, everybody who may describe the stack sees its value",
    reason="NoEcho hides the value of a parameter in the console and in API answers. The parameter loses it.",
    source_url=_PARAMETERS,
)
TERMINATION_PROTECTION_ENDS = ReviewFinding(
    code="R216",
    verdict=Verdict.LOOK,
    label=Label.WEAKER,
    sentence="without termination protection, one call deletes the stack",
    reason="The stack is protected from deletion today, and deployment.json ends that.",
    source_url=_TERMINATION_PROTECTION,
)
STACK_POLICY_CHANGES = ReviewFinding(
    code="R217",
    verdict=Verdict.LOOK,
    sentence="another stack policy allows other updates: compare the two",
    reason="A stack policy decides which resources an update may change, replace or delete.",
    source_url=_STACK_POLICIES,
)

# ---- notes ----------------------------------------------------------------------------------------------------------

ONLY_CLOUDFORMATION = ReviewFinding(
    code="R301",
    verdict=Verdict.LOOK,
    sentence="only CloudFormation lists it",
    reason=(
        "No template of either side has the resource. A module or a transform made it. The review takes CloudFormation's "
        "word for it."
    ),
)

STACK_TAGS = ReviewFinding(
    code="R302",
    sentence="the stack's tags change",
    reason="CloudFormation gives the tags of the stack to every resource that can have tags. Nothing else changes here.",
)

STACK_MIGHT_CHANGE = ReviewFinding(
    code="R303",
    sentence="the nested stack is listed because its template or inputs might change",
    reason=(
        "CloudFormation lists a nested stack whenever its template or a parameter might change. The review compared both, "
        "and they stay the same. Nothing will happen."
    ),
)

NOT_IN_TEMPLATES = ReviewFinding(
    code="R304",
    verdict=Verdict.LOOK,
    sentence="CloudFormation lists a change that the templates do not show",
    reason=(
        "The templates and parameters stay the same, but CloudFormation lists a direct change, or a change without a cause. "
        "The value of a dynamic reference may have changed, or a character that is not ASCII, for which CloudFormation's "
        "answers have a question mark. The change is possible."
    ),
)

VALUES_STAY = ReviewFinding(
    code="R305",
    sentence="every value that it takes from elsewhere stays the same",
    reason=(
        "CloudFormation expects a value from another resource to change whenever that resource changes. The review followed "
        "the value, and it stays the same. The change that CloudFormation lists will not happen."
    ),
)
REPLACEMENT_FALSE = ReviewFinding(
    code="R306",
    sentence="the replacement that CloudFormation lists is false",
    reason=(
        "The values that would replace the resource stay the same, as R305 says. CloudFormation will neither change nor "
        "replace the resource."
    ),
    comes_with=("R305",),
)
KNOWN_LATER = ReviewFinding(
    code="R307",
    sentence="depends on a value that is known only while deploying",
    reason=(
        "The resource takes a value that an update in place may change, such as the answer of a custom resource or the DNS "
        "names of an endpoint that gets another subnet. The change is possible."
    ),
)
ATTRIBUTES_ONLY = ReviewFinding(
    code="R308",
    sentence="only attributes of the template change; the resource does not",
    reason="Metadata or a policy such as DeletionPolicy changes. CloudFormation stores it and does not touch the resource.",
)
NOT_LISTED = ReviewFinding(
    code="R309",
    sentence="CloudFormation does not list it",
    reason=(
        "The templates show a change that CloudFormation does not list. Both forms may mean the same to CloudFormation. The "
        "change is possible."
    ),
)

CHANGES_IN_PLACE = ReviewFinding(
    code="R310",
    sentence="its schema says that it is replaced, CloudFormation says that it changes in place",
    possible="its schema does not rule out a replacement, CloudFormation says that it changes in place",
    reason=(
        "CloudFormation is right about a property that changes by itself. The schema that cfn-lint carries is stricter than "
        "the service. The resource stays."
    ),
)
REPLACEMENT_FROM_SAME_VALUES = ReviewFinding(
    code="R311",
    sentence="the replacement that CloudFormation lists comes from values that stay the same",
    reason=(
        "The resource changes in place. CloudFormation also expects a value from another resource to change and to replace "
        "this one, but the review followed that value, and it stays the same."
    ),
)
CLOUDFORMATION_REPLACES = ReviewFinding(
    code="R312",
    sentence="CloudFormation says of {properties} that a change may replace the resource",
    reason=(
        "CloudFormation is right about a property that changes by itself. The schema that cfn-lint carries does not know "
        "that this property replaces the resource."
    ),
)
NO_NESTED_CHANGE_SETS = ReviewFinding(
    code="R313",
    verdict=Verdict.LOOK,
    sentence="CloudFormation gave no change sets of the nested stacks; they are judged by their templates alone",
    reason=(
        "Without the change set of a nested stack, the review cannot compare CloudFormation's word with the templates. What "
        "only CloudFormation knows is missing. The line comes before the changes."
    ),
)

ORDER_ONLY = ReviewFinding(
    code="R314",
    sentence="only the order of creation and deletion changes",
    reason="DependsOn decides when CloudFormation creates, updates and deletes the resource. The resource itself stays.",
)
KEPT = ReviewFinding(
    code="R315",
    sentence="{id} keeps existing, and no stack manages it",
    possible="{id} may keep existing, and no stack manages it",
    reason=(
        "The DeletionPolicy or the UpdateReplacePolicy is Retain. CloudFormation leaves the resource as it is. It holds no "
        "data, but may cost, and may hold a name that the next creation needs."
    ),
    source_url=_DELETION_POLICY,
)

LESSER_REPLACEMENT = ReviewFinding(
    code="R316",
    sentence="CloudFormation lists no certain replacement, but {properties} changes, and cannot change in place",
    possible="CloudFormation lists no replacement, but {properties} may be unable to change in place",
    reason=(
        "CloudFormation does not know a value from another resource before it deploys; the review followed the value. Or "
        "CloudFormation does not say how the property changes. By its schema, the property cannot change in place, or not "
        "always. A custom resource is replaced if its function answers with another id."
    ),
)
VALUES_MISSING = ReviewFinding(
    code="R317",
    verdict=Verdict.LOOK,
    sentence="CloudFormation leaves out values in {stack}: {reason}",
    reason=(
        "CloudFormation could not show the values of a change. The words are CloudFormation's. The review still lists the "
        "change and takes the values from the templates, but what only CloudFormation knows of them is missing. The line "
        "comes before the changes."
    ),
    source_url="https://github.com/aws/aws-cdk-cli/issues/1780",
)

FINDINGS = (
    NAME_STAYS,
    NAME_IN_USE,
    DENIED_BY_POLICY,
    TYPE_CHANGES,
    REMOVED_WITH_DATA,
    REPLACED_BY_EMPTY,
    GROUP_REPLACED,
    INSTANCE_REFRESH,
    ROLLING_WITH_SIGNALS,
    ROLLING_WITHOUT_SIGNALS,
    INSTANCES_STAY,
    VALIDATION_WARNS,
    VALIDATION_SKIPPED,
    REMOVED_AND_KEPT,
    REMOVED_WITH_SNAPSHOT,
    REPLACED_AND_KEPT,
    EXPORT_ENDS,
    EXPORT_CHANGES,
    PARAMETER_SHOWN,
    TERMINATION_PROTECTION_ENDS,
    STACK_POLICY_CHANGES,
    ONLY_CLOUDFORMATION,
    STACK_TAGS,
    STACK_MIGHT_CHANGE,
    NOT_IN_TEMPLATES,
    VALUES_STAY,
    REPLACEMENT_FALSE,
    KNOWN_LATER,
    ATTRIBUTES_ONLY,
    NOT_LISTED,
    CHANGES_IN_PLACE,
    REPLACEMENT_FROM_SAME_VALUES,
    CLOUDFORMATION_REPLACES,
    NO_NESTED_CHANGE_SETS,
    ORDER_ONLY,
    KEPT,
    LESSER_REPLACEMENT,
    VALUES_MISSING,
)
"""All findings, sorted by code."""
