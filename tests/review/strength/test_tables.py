"""Every row of the tables: that its property exists, and that a weakening, its reversal and no change are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.findings.finding import Direction
from review.findings.strength import MAY_BE_WEAKER
from review.strength import grade
from review.strength.grading import PRESENCES, ROWS
from review.strength.measures import Graded, Key, Measure
from review.strength.order import Outcome, compare
from review.strength.rows import Row, covers
from review.strength.tables.encryption import ENCRYPTION_SWITCHES, KEY_NAMES
from review.strength.tree import Place
from review.strength.values import UNKNOWN, same
from tests.review.strength.support.changes import summary
from tests.review.strength.support.samples import document, places, types_of, values
from tests.review.strength.support.schemas import ITEM, KEY, is_kind, places_by_name, properties, types

UPDATE_POLICY = "AutoScalingRollingUpdate"
OWN_TYPES = ("Custom::",)
TYPED = [row for row in ROWS if row.types]


def in_schema(row: Row) -> bool:
    """Whether cfn-lint can know the property: not those of update policies and of the project's own types."""
    return not row.path.startswith(UPDATE_POLICY) and not any(name.startswith(OWN_TYPES) for name in row.types)


def row_id(row: Row) -> str:
    return f"{(row.types or ['any'])[0]}-{row.path}-{row.finding.code}"


# ---- the tables against the schemas ---------------------------------------------------------------------------------


@pytest.mark.requirement("REV-2")
@pytest.mark.slow
def test_types_and_properties_of_all_rows_exist() -> None:
    unknown_types = {
        name for row in ROWS for name in row.types if name not in types() and not name.startswith(OWN_TYPES)
    }
    assert unknown_types == set()
    missing = [
        f"{name} {row.path}"
        for row in TYPED
        if row.path and in_schema(row)
        for name in row.types
        if not any(places(name, row))
    ]
    assert missing == []
    assert [row.path for row in ROWS if not row.types and not types_of(row)] == []


def test_types_whose_presence_matters_exist() -> None:
    listed = [name for presence in PRESENCES for name in presence.types]
    assert {name for name in listed if name not in types() and not name.startswith(OWN_TYPES)} == set()
    assert len(listed) == len(set(listed))


def defaults(row: Row) -> Iterator[tuple[str, Any]]:
    for name in row.types:
        for path in places(name, row) if row.path and in_schema(row) else ():
            if "default" in properties(name).get(path, {}):
                yield f"{name} {row.path}", properties(name)[path]["default"]


def agrees(measure: Measure, default: Any) -> bool:
    """Whether an absent value has the rank of the schema's default."""
    return measure.absent is UNKNOWN or measure.rank(None) == measure.rank(default)


@pytest.mark.requirement("REV-2")
@pytest.mark.slow
def test_default_of_a_row_is_that_of_the_schema() -> None:
    wrong = [place for row in TYPED for place, default in defaults(row) if not agrees(row.measure, default)]
    assert wrong == []


# Names that look like those of a key, and what they are.
NO_KEYS = {
    "KmsAccessRoleArn": "a role",
    "KmsKeyProviderUri": "an address",
    "KmsPolicyDocument": "a policy",
    "MasterSecretKmsKeyArn": "what a rotation function may use",
    "SuperuserSecretKmsKeyArn": "what a rotation function may use",
    "EncryptionKeyType": "how a key of media is given",
    "KmsAccess": "a permission of an ODB network",
    "KmsAliasArn": "one of three ways to name a key of a ground station",
    "KmsAliasName": "one of three ways to name a key of a ground station",
    "StreamsKmsRole": "a role",
    "CmkType": "a level, graded by its own row",
    "EncryptionKeyProviderType": "a level that has one word",
    "PerformanceInsightsKMSKeyId": "graded with the switch of Performance Insights",
    "PerformanceInsightsKmsKeyId": "graded with the switch of Performance Insights",
}


@pytest.mark.requirement("REV-2")
@pytest.mark.slow
def test_every_property_that_names_a_key_is_graded() -> None:
    looks_like_a_key = re.compile("kms|encryptionkey|cmk", re.IGNORECASE)
    found = {
        name
        for name, listed in places_by_name().items()
        if looks_like_a_key.search(name)
        and any(is_kind(properties(resource_type)[path], "string") for resource_type, path in listed)
    }
    assert found - set(KEY_NAMES) == set(NO_KEYS)


@pytest.mark.requirement("REV-2")
@pytest.mark.slow
def test_every_switch_of_encryption_at_rest_is_graded() -> None:
    found = {
        name
        for name, listed in places_by_name().items()
        if re.search("Encrypted$|EncryptionEnabled$", name)
        and any(is_kind(properties(resource_type)[path], "boolean") for resource_type, path in listed)
    }
    assert found - set(ENCRYPTION_SWITCHES) == {"TransitEncryptionEnabled"}


# ---- every row ------------------------------------------------------------------------------------------------------


def samples(row: Row) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Properties of some types of a row, strong and weak."""
    strong_and_weak = values(row.measure)
    if strong_and_weak is None or not row.path or not in_schema(row):
        return
    for name in list(types_of(row))[:3]:
        path = next(places(name, row))
        typed = [other for other in TYPED if name in other.types]
        place = Place(tuple(step for step in path if step not in (ITEM, KEY)), "", None, None)
        if row.types or not covers(typed, place, row.finding):
            yield name, document(path, strong_and_weak.strong), document(path, strong_and_weak.weak)


@pytest.mark.requirement("REV-2")
@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_row_tells_a_weakening_from_its_reversal(row: Row) -> None:
    sample = values(row.measure)
    for name, strong, weak in samples(row):
        assert sample is not None
        codes = {row.finding.code, MAY_BE_WEAKER.code}
        weaker = [remark for remark in grade(name, strong, weak) if remark.code in codes]
        stronger = [remark for remark in grade(name, weak, strong) if remark.code in codes]
        assert Direction.WEAKER in summary(weaker).directions, name
        assert summary(weaker).verdict in (row.finding.verdict, MAY_BE_WEAKER.verdict)
        if sample.ordered and row.path != "Throttle/BurstLimit" and row.path != "Throttle/RateLimit":
            assert summary(weaker).directions == {Direction.WEAKER}, name
            assert summary(stronger).directions == {Direction.STRONGER}, name
        assert grade(name, strong, strong) == () == grade(name, weak, weak)


WORDS = st.sampled_from(
    ["", "*", "a", "NONE", "Enabled", "Disabled", "Retain", "{{resolve:ssm:/a}}", "rate(1 day)", "TLSv1.2"]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 500), st.floats(-1, 9), WORDS)
NAMES = st.sampled_from(
    ["Name", "Status", "Enabled", "Type", "KeyId", "Block", "Statement", "Days", "Ref", "Fn::If", "Mode"]
)
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2))
SIDES = st.tuples(st.sampled_from([row for row in TYPED if in_schema(row)]), JUNK, JUNK)


@pytest.mark.requirement("REV-2")
@pytest.mark.slow
@given(SIDES)
def test_any_two_values_of_any_row_have_opposite_labels_each_way(sides: tuple[Row, Any, Any]) -> None:
    """Whatever a template has there, also what the service would not take."""
    row, left, right = sides
    path = next(places(row.types[0], row), ()) if row.path else ("Anything",)
    before, after = (document(path, value) for value in (left, right))
    there, back = (grade(row.types[0], *both) for both in ((before, after), (after, before)))
    definite = [{(r.code, r.label) for r in remarks if r.code != MAY_BE_WEAKER.code} for remarks in (there, back)]
    assert definite[0] == {(code, label and label.opposite) for code, label in definite[1]}
    assert grade(row.types[0], before, before) == ()


def test_rows_of_keys_know_the_keys_of_aws() -> None:
    key = Key()
    own, owned, none = key.rank({"Fn::GetAtt": ["DataKey", "Arn"]}), key.rank("alias/aws/sns"), key.rank(None)
    assert own > owned > none
    assert key.rank({"Fn::ImportValue": "key"}) is UNKNOWN


GRADED = [row for row in ROWS if isinstance(row.measure, Graded)]


@pytest.mark.parametrize("row", GRADED, ids=row_id)
def test_grade_of_an_absent_value_and_of_a_function_is_defined(row: Row) -> None:
    rank = row.measure.rank(None)
    assert compare(rank, rank, row.measure.bounds) is Outcome.EQUAL or rank is UNKNOWN
    assert row.measure.rank({"Fn::If": ["IsProduction", 1, 2]}) is UNKNOWN


def test_numbers_and_truths_are_equal_to_their_texts() -> None:
    assert same(30, "30")
    assert same({"A": [True, 1]}, {"A": ["true", "1"]})
    assert not same(True, "1")
