"""What callers get: outcomes, examples and their sentences, names of changes, and the limits of the work."""

from __future__ import annotations

import pytest

from review.access import decision
from review.access.causes import Cause
from review.access.decision import Change, Outcome, compare, decide
from review.access.document import Document, load, unavailable
from review.access.engine import Question
from review.access.statements import Kind
from tests.review.access.support.policies import BUCKET, OBJECTS, allow, deny, identity, policy, when

INSECURE = when("Bool", "aws:SecureTransport", "false")
ROLE = "arn:aws:iam::111122223333:role/r"


def _resource(*statements: dict[str, object]) -> Document:
    return load(policy(*statements), Kind.RESOURCE)


# ---- sentences ------------------------------------------------------------------------------------------------------


def _sentences(before: Document | None, after: Document | None) -> list[str]:
    return [witness.sentence for witness in decide(before, after).witnesses]


def test_a_sentence_says_what_is_newly_allowed() -> None:
    secure = when("Bool", "aws:SecureTransport", "true")
    assert _sentences(identity(), identity(allow("s3:GetObject", f"{BUCKET}/a", when=secure))) == [
        "Allows s3:GetObject on arn:aws:s3:::bucket/a when aws:SecureTransport is true; before, it did not."
    ]


def test_a_sentence_says_what_is_denied_no_longer() -> None:
    bucket = _resource(deny("s3:*", OBJECTS, Principal="*", when=INSECURE))
    assert _sentences(bucket, None) == [
        "No longer denies s3:GetObject on arn:aws:s3:::bucket/example to arn:aws:iam::999999999999:role/example when "
        "aws:SecureTransport is false; before, it did."
    ]


def test_a_sentence_names_the_kind_of_principal() -> None:
    service = _resource(allow("s3:PutObject", f"{BUCKET}/a", Principal={"Service": "logging.s3.amazonaws.com"}))
    assert _sentences(None, service) == [
        "Allows s3:PutObject on arn:aws:s3:::bucket/a to the service logging.s3.amazonaws.com; before, it did not."
    ]


def test_a_sentence_says_that_an_account_delegates() -> None:
    account, role = ({"AWS": principal} for principal in ("111122223333", ROLE))
    granted = [_resource(allow("s3:GetObject", f"{BUCKET}/a", Principal=principal)) for principal in (account, role)]
    (direct,), (delegated,) = _sentences(granted[0], granted[1]), _sentences(None, granted[0])
    assert direct.endswith(f"to {ROLE} (even if its own policies do not allow it); before, it did not.")
    assert delegated.endswith(":role/example (if its own policies allow it too); before, it did not.")


def test_a_sentence_names_the_principal_that_a_condition_names() -> None:
    """Regression: ``to …:role/example when aws:PrincipalArn is …:role/analyst`` reads as if there were two principals."""
    account = {"AWS": "111122223333"}
    trust = [
        _resource(
            allow("s3:GetObject", f"{BUCKET}/a", Principal=account, when=when("ArnLike", "aws:PrincipalArn", *listed))
        )
        for listed in ([ROLE], [ROLE, f"{ROLE}-2"])
    ]
    assert _sentences(trust[0], trust[1]) == [
        f"Allows s3:GetObject on arn:aws:s3:::bucket/a to {ROLE}-2 (if its own policies allow it too); before, it did not."
    ]


def test_a_sentence_names_an_absent_key() -> None:
    key = "aws:PrincipalTag/team"
    before = identity(allow("s3:GetObject", BUCKET, when=when("Null", key, "false")))
    after = identity(allow("s3:GetObject", BUCKET, when=when("StringLikeIfExists", key, "*")))
    assert _sentences(before, after) == [
        "Allows s3:GetObject on arn:aws:s3:::bucket when aws:PrincipalTag/team is absent; before, it did not."
    ]


def test_an_example_takes_an_action_that_people_know() -> None:
    (witness,) = decide(identity(allow("kms:Encrypt")), identity(allow("kms:*"))).witnesses
    assert witness.request.action == "kms:Decrypt"


def test_the_same_question_has_the_same_answer() -> None:
    pair = identity(allow("s3:Get*")), identity(allow(["s3:*", "sqs:*"]), deny("s3:Get*"))
    assert decide(*pair) == decide(*pair)


# ---- directions -----------------------------------------------------------------------------------------------------

WIDE, NARROW, OTHER = (identity(allow(action)) for action in ("s3:*", "s3:GetObject", "sqs:*"))
UNKNOWN = identity({**allow(), "Ressource": "*"})


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (WIDE, WIDE, Change.SAME),
        (WIDE, identity(allow("s3:*"), allow("s3:GetObject")), Change.SAME),
        (NARROW, WIDE, Change.BROADER),
        (WIDE, NARROW, Change.NARROWER),
        (WIDE, OTHER, Change.CHANGED),
        (NARROW, UNKNOWN, Change.UNKNOWN),
        (UNKNOWN, UNKNOWN, Change.SAME),
        (None, WIDE, Change.BROADER),
        (WIDE, None, Change.NARROWER),
        (None, None, Change.SAME),
    ],
)
def test_a_change_has_a_name(before: Document | None, after: Document | None, change: Change) -> None:
    assert compare(before, after).change is change


def test_an_unknown_answer_counts_as_broader_and_has_a_reason() -> None:
    decided = decide(NARROW, UNKNOWN)
    assert decided.may_be_broader
    assert decided.reasons[0].startswith("the comparison does not know an element or its form: Allow {")
    assert not decide(WIDE, NARROW).may_be_broader


def test_both_questions_have_an_example() -> None:
    decided = decide(identity(allow(), deny(when=INSECURE)), identity(allow()))
    assert [witness.question for witness in decided.witnesses] == [Question.ALLOWED, Question.NOT_DENIED]


def test_an_endpoint_without_a_policy_allows_everything() -> None:
    """A filter that is added narrows, one that is removed broadens."""
    endpoint = load(policy(allow(Principal="*")), Kind.ENDPOINT)
    assert compare(None, endpoint).change is Change.NARROWER
    assert compare(endpoint, None).change is Change.BROADER


# ---- policies without a text ----------------------------------------------------------------------------------------

AWS_MANAGED = unavailable("arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_a_newly_attached_policy_without_a_text_is_unknown() -> None:
    decided = decide(WIDE, WIDE.united([AWS_MANAGED]))
    assert (decided.outcome, decided.causes) == (Outcome.UNKNOWN, frozenset({Cause.OTHER_POLICY}))


def test_a_detached_policy_without_a_text_is_unknown_because_it_may_deny() -> None:
    assert decide(WIDE.united([AWS_MANAGED]), WIDE).outcome is Outcome.UNKNOWN


def test_a_policy_without_a_text_that_stays_hides_nothing() -> None:
    before, after = NARROW.united([AWS_MANAGED]), WIDE.united([AWS_MANAGED])
    assert decide(before, after).outcome is Outcome.BROADER
    assert decide(after, before).outcome is Outcome.NOT_BROADER


# ---- work -----------------------------------------------------------------------------------------------------------

INTERLEAVED = [f"*{first}*{second}*" for first, second in zip("abcdefgh", "ijklmnop", strict=True)]


def test_too_much_work_is_unknown() -> None:
    """Eight interleaved patterns at once have a hundred thousand states."""
    denials = [deny(NotResource=pattern) for pattern in INTERLEAVED]
    decided = decide(identity(*denials), identity(allow(resource="*"), *denials), states=500)
    assert (decided.outcome, decided.causes) == (Outcome.UNKNOWN, frozenset({Cause.BUDGET}))


def test_the_number_of_partial_requests_is_limited_too() -> None:
    assert decide(NARROW, WIDE, nodes=0).causes == {Cause.BUDGET}


def test_equal_policies_take_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Order, case of Sids, and lists of one value make no difference to the canonical form."""
    monkeypatch.setattr(decision, "Search", None)
    first = {**allow(["s3:GetObject"], [OBJECTS, BUCKET]), "Sid": "A"}
    before, after = identity(first, deny()), identity(deny(), allow("s3:GetObject", [BUCKET, OBJECTS]))
    assert before == after
    assert decide(before, after).outcome is Outcome.NOT_BROADER
