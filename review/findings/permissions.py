"""Every finding on permissions, R6xx: what changed policies allow that they did not.

``review.judgement.permissions`` decides which of them a plan has.
"""

from __future__ import annotations

from review.findings.finding import Label, ReviewFinding, Verdict

_COMPARED = "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckNoNewAccess.html"
_PUBLIC = "https://docs.aws.amazon.com/IAM/latest/UserGuide/what-is-access-analyzer.html"
_ESCALATION = "https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/best-practices-for-iam-policies.html"

BROADER = ReviewFinding(
    code="R601",
    verdict=Verdict.LOOK,
    label=Label.BROADER,
    sentence="broader permissions, {place}: {example}",
    reverse="narrower permissions, {place}: {example}",
    reason=(
        "The policies of this place allow a request that they did not allow, or no longer deny one that they denied. The "
        "example is one such request. The answer is found without AWS, from the documents alone, as CheckNoNewAccess of IAM "
        "Access Analyzer does; that a denial is dropped counts too."
    ),
    source_url=_COMPARED,
)
UNKNOWN = ReviewFinding(
    code="R602",
    verdict=Verdict.LOOK,
    label=Label.BROADER,
    sentence="permissions that may be broader, {place}: {cause}",
    reason="The policies differ, and whether they allow more hangs on what the templates and parameters do not say.",
    source_url=_COMPARED,
)
ADMINISTRATION = ReviewFinding(
    code="R603",
    verdict=Verdict.BLOCKED,
    label=Label.BROADER,
    sentence="broader permissions that give administration, {place}: {example}",
    reason=(
        "The identity gets an action with which it can give itself or others any permission (a policy, a role to assume or to "
        "pass, the code of a function, a key's policy), on resources that its policies do not name."
    ),
    source_url=_ESCALATION,
)
PUBLIC = ReviewFinding(
    code="R604",
    verdict=Verdict.BLOCKED,
    label=Label.BROADER,
    sentence="broader permissions that open to everybody, {place}: {example}",
    reason=(
        "The policy allows a request of a principal in any account, without a condition on its account, organization, network "
        "or the resource that acts for it."
    ),
    source_url=_PUBLIC,
)
FINDINGS = (BROADER, UNKNOWN, ADMINISTRATION, PUBLIC)
