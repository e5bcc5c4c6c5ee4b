"""The rules of a rotation that need no server: the next user, what SHOW GRANTS of MySQL 8.0 and MariaDB means, and errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import mysql_users
from common.mysql import MAX_USER_LENGTH
from common.mysql_users import DatabaseUserError, Grant, missing_privileges, parse_grants
from rotate_secret.credentials import Credentials, RotationError, check_successor, other_user
from rotate_secret.rotation import EXCLUDED_CHARACTERS, Rotation

pytestmark = pytest.mark.requirement("X-SEC-1")

VALUE = {"engine": "mysql", "host": "h", "username": "payments", "password": "p", "masterarn": "arn:m", "more": [1]}
ENTRIES = "ON `payments`.`entries`"


@given(st.from_regex(r"[a-z0-9_]{1,26}", fullmatch=True))
def test_users_alternate(user: str) -> None:
    if user != "_clone":
        assert other_user(other_user(user)) == user
    assert other_user(user) != user


def test_the_longest_user_that_can_have_a_clone() -> None:
    longest = "p" * (MAX_USER_LENGTH - len("_clone"))
    assert len(other_user(longest)) == MAX_USER_LENGTH
    with pytest.raises(RotationError, match="longer than the 32 characters"):
        other_user(longest + "p")


def test_a_successor_keeps_unknown_members_and_is_accepted() -> None:
    current = Credentials.parse(json.dumps(VALUE), "it")
    successor = Credentials.parse(current.successor("new"), "it")
    assert successor.document == {**VALUE, "username": "payments_clone", "password": "new"}
    assert (successor.port, successor.database) == (3306, "")
    check_successor(current, successor)
    check_successor(successor, Credentials.parse(successor.successor("newer"), "it"))


def test_the_representation_of_credentials_has_no_password() -> None:
    representation = repr(Credentials.parse(json.dumps({**VALUE, "password": "hunter2"}), "it"))
    assert "hunter2" not in representation
    assert "payments" in representation


@pytest.mark.parametrize(
    "lines",
    [
        ["GRANT USAGE ON *.* TO `payments`@`%`", f"GRANT SELECT, INSERT {ENTRIES} TO `payments`@`%`"],
        [
            "GRANT USAGE ON *.* TO `payments`@`%` IDENTIFIED BY PASSWORD '*A4B6157319038724E3560894F7F932C8886EBFCF' REQUIRE SSL",
            f"GRANT INSERT, SELECT {ENTRIES} TO `payments`@`%`",
        ],
    ],
    ids=["MySQL 8.0", "MariaDB"],
)
def test_show_grants_of_both_servers_means_the_same(lines: Sequence[str]) -> None:
    grants = parse_grants(lines, "payments")
    target = "`payments`.`entries`"
    assert {atom for grant in grants for atom in grant.atoms()} == {("SELECT", "", target), ("INSERT", "", target)}
    [statement] = [grant.statement("payments_clone") for grant in grants]
    assert statement.startswith("GRANT ")
    assert statement.endswith(f" {ENTRIES} TO 'payments_clone'@'%'")


def test_columns_dynamic_privileges_and_the_grant_option_are_kept() -> None:
    lines = [
        f"GRANT SELECT (`id`, `note`), UPDATE (`note`) {ENTRIES} TO `payments`@`%` WITH GRANT OPTION",
        "GRANT CONNECTION_ADMIN,SHOW_ROUTINE ON *.* TO `payments`@`%`",
    ]
    grants = parse_grants(lines, "payments")
    atoms = {atom for grant in grants for atom in grant.atoms()}
    target = "`payments`.`entries`"
    assert ("SELECT", "`note`", target) in atoms
    assert ("GRANT OPTION", "", target) in atoms
    assert {("CONNECTION_ADMIN", "", "*.*"), ("SHOW_ROUTINE", "", "*.*")} <= atoms
    assert any(grant.statement("payments_clone").endswith(" WITH GRANT OPTION") for grant in grants)


@pytest.mark.parametrize(
    "line",
    [
        "GRANT `teller`@`%` TO `payments`@`%`",
        f"REVOKE INSERT {ENTRIES} FROM `payments`@`%`",
        "SET DEFAULT ROLE `teller` FOR `payments`@`%`",
        "GRANT PROXY ON ``@`` TO `payments`@`%`",
        f"GRANT SELECT {ENTRIES} TO `payments`@`10.0.0.1`",
    ],
)
def test_grants_that_cannot_be_copied_are_rejected(line: str) -> None:
    with pytest.raises(DatabaseUserError, match="only plain grants can be copied"):
        parse_grants([line], "payments")


def test_lacking_rights() -> None:
    both, select = Grant(f"SELECT, INSERT {ENTRIES}", False), Grant(f"SELECT {ENTRIES}", False)
    all_rights = Grant(f"ALL PRIVILEGES {ENTRIES}", False)
    assert missing_privileges(frozenset({both}), frozenset({select})) == {("INSERT", "", "`payments`.`entries`")}
    assert not missing_privileges(frozenset({select}), frozenset({both}))
    assert not missing_privileges(frozenset({both}), frozenset({all_rights}))
    assert missing_privileges(frozenset({Grant(f"SELECT {ENTRIES}", True)}), frozenset({all_rights}))


def test_an_error_that_quotes_the_password_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Any, statement: str, *arguments: object) -> list[Any]:
        if "IDENTIFIED" in statement:
            raise pymysql.err.ProgrammingError(1064, "syntax error near 'hunter2'")
        return []

    monkeypatch.setattr(mysql_users, "rows", fail)
    with pytest.raises(DatabaseUserError) as error:
        mysql_users.ensure_user(None, "payments_clone", "hunter2", password_works=False)  # type: ignore[arg-type]
    assert str(error.value) == "setting the password of payments_clone failed: MySQL error 1064"
    assert error.value.__suppress_context__


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Step": "dropSecret", "SecretId": "a", "ClientRequestToken": "t"},
        {"Step": "setSecret", "SecretId": "", "ClientRequestToken": "t"},
        {"Step": ["setSecret"], "SecretId": "a", "ClientRequestToken": "t"},
        {"Step": "setSecret", "SecretId": "a"},
    ],
)
def test_an_event_that_is_not_of_secrets_manager_is_rejected(event: dict[str, Any]) -> None:
    with pytest.raises(RotationError, match="no valid Step, SecretId and ClientRequestToken"):
        Rotation.from_event(event)


def test_the_excluded_characters_leave_some_punctuation() -> None:
    """A server may demand a special character (validate_password)."""
    assert set("+-._~").isdisjoint(EXCLUDED_CHARACTERS)
    assert set("'\"\\/@:%$` ") <= set(EXCLUDED_CHARACTERS)
