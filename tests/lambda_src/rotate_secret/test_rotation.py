"""The rotation on a real MariaDB over TLS with the embedded Secrets Manager: complete, repeated, killed and rejected."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import rotate_secret.handler
from common import mysql
from common.mysql_users import DatabaseUserError
from local.cloud import EmbeddedCloud
from rotate_secret.credentials import RotationError
from rotate_secret.rotation import STEPS
from tests.lambda_src.support import rotation_rig
from tests.lambda_src.support.fakes import Context
from tests.lambda_src.support.mariadb import Server
from tests.lambda_src.support.rotation_rig import KILLED, Rig

pytestmark = [pytest.mark.requirement("X-SEC-1"), pytest.mark.emulator]
USERS = ("payments", "payments_clone")


@pytest.fixture
def rig(
    embedded_cloud: EmbeddedCloud, mariadb: Server, mysql_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    with rotation_rig.rig(embedded_cloud, mariadb, mysql_database) as rig:
        monkeypatch.setattr(rotate_secret.handler, "client", {"secretsmanager": rig.secrets}.__getitem__)
        yield rig


class Client:
    """An application that logs in all the time with the value that has the label AWSCURRENT."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._end = rig, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.logins, self.failed_users = 0, list[str]()

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    def wait_for_more(self) -> None:
        """Wait until some logins have begun and ended after this call."""
        logins, deadline = self.logins, time.monotonic() + 60
        while self.logins < logins + 3:
            assert self._thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _run(self) -> None:
        while not self._end.is_set():
            value = self._rig.value()
            # A value that has just become the previous one must still be valid.
            if not self._rig.opens(value) and value in (self._rig.value(), self._rig.value("AWSPREVIOUS")):
                self.failed_users.append(value["username"])
            self.logins += 1


def test_full_rotations_forth_and_back_leave_no_moment_without_a_valid_password(rig: Rig) -> None:
    values = [rig.value()]
    with Client(rig) as client:
        for number in range(5):
            outcomes = rig.rotate()
            assert outcomes == ["created", "created" if number == 0 else "altered", "tested", "finished"]
            values.append(rig.value())
            assert rig.opens(values[-1])
            assert rig.opens(values[-2])
            assert rig.value("AWSPREVIOUS") == values[-2]
            client.wait_for_more()
    assert client.failed_users == []
    assert [value["username"] for value in values] == [*USERS, *USERS, *USERS]
    assert len({value["password"] for value in values}) == len(values)
    remainders = [{**value, "username": "", "password": ""} for value in values]
    assert all(remainder == remainders[0] for remainder in remainders)


def test_the_clone_has_exactly_the_rights_of_the_user_and_needs_tls(rig: Rig) -> None:
    rig.rotate()
    assert rig.rights("payments_clone") == rig.rights("payments")
    assert len(rig.rights("payments_clone")) == 6
    kinds = rig.server.query("SELECT User, ssl_type FROM mysql.user WHERE User LIKE 'payments%%' AND User <> %s", "x")
    assert dict(kinds) == {"payments": "ANY", "payments_clone": "ANY", "payments_admin": ""}


def test_passwords_are_long_and_have_no_problematic_characters(rig: Rig) -> None:
    for _ in range(3):
        rig.rotate()
        password = rig.value()["password"]
        assert len(password) == 32
        assert not set(password) & set(" '\"\\/@:;%$`&?#{}[]()<>|,=!*^")


@pytest.mark.parametrize("clone", ["missing", "there"])
def test_a_rotation_that_is_killed_after_any_effect_succeeds_when_repeated(
    clone: str, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL comes after each call or statement that changes something; Secrets Manager then restarts with createSecret."""
    root = Path(__file__).parents[3]
    monkeypatch.setenv("PYTHONPATH", f"{root}{os.pathsep}{root / 'lambda_src'}")
    context = rotation_rig.forkserver()
    environment = {**rig.cloud.environment(), "MYSQL_SSL_CA": str(rig.server.authority)}
    if clone == "there":
        rig.rotate()
    killed_after: list[str] = []
    with Client(rig) as client:
        for last in range(1, 20):
            before = rig.value()
            if clone == "missing":
                rig.server.query("DROP USER IF EXISTS %s@%s", *_idle(before))
            token = rig.begin()
            arguments = (environment, rig.arn, token, last, tmp_path / "effect")
            process = context.Process(target=rotation_rig.rotate_and_die, args=arguments)
            process.start()
            process.join(60)
            assert process.exitcode in (0, KILLED)
            assert rig.opens(rig.value())
            assert rig.opens(before)
            rig.rotate(token)
            assert "AWSPENDING" not in str(rig.stages())
            after = rig.value()
            assert after["username"] == _idle(before)[0]
            assert rig.opens(after)
            assert rig.rights("payments") == rig.rights("payments_clone")
            client.wait_for_more()
            if process.exitcode == 0:
                break
            killed_after.append((tmp_path / "effect").read_text())
    assert client.failed_users == []
    assert killed_after[0] == "PutSecretValue"
    assert killed_after[1].startswith("CREATE USER" if clone == "missing" else "ALTER USER")
    assert killed_after[-2:] == ["UpdateSecretVersionStage"] * 2
    assert len(killed_after) == 6  # the other two are grants


def _idle(value: dict[str, Any]) -> tuple[str, str]:
    return USERS[1 - USERS.index(value["username"])], "%"


def test_each_step_can_be_repeated(rig: Rig) -> None:
    token = rig.begin()
    outcomes, values = [], []
    for step in STEPS:
        for _ in range(3):
            outcomes.append(rig.step(step, token))
            stage = "AWSPENDING" if "finished" not in outcomes else "AWSCURRENT"
            values.append(rig.value(stage))
    assert outcomes[:6] == ["created", "kept", "kept", "created", "kept", "kept"]
    assert outcomes[6:] == ["tested", "tested", "tested", "finished", "already current", "already current"]
    assert all(value == values[0] for value in values)
    # Secrets Manager may even restart a rotation whose version is current.
    assert rig.rotate(token) == ["already current"] * 4
    assert rig.opens(rig.value())


def test_a_step_that_runs_several_times_at_once_has_one_effect(rig: Rig) -> None:
    token = rig.begin()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: rig.step("createSecret", token), range(4)))
    assert sorted(set(outcomes)) in (["created"], ["created", "kept"])
    value = rig.value("AWSPENDING")
    assert rig.step("setSecret", token) == "created"
    assert rig.opens(value)


def test_a_wrong_password_of_the_master_is_reported_and_can_be_fixed(rig: Rig, log: io.StringIO) -> None:
    token = rig.begin()
    rig.step("createSecret", token)
    wrong = json.dumps({"username": "payments_admin", "password": "not-the-masters"})
    rig.secrets.put_secret_value(SecretId=rig.master_arn, SecretString=wrong)
    with pytest.raises(RotationError, match="the database rejects payments_admin of the master secret") as error:
        rig.step("setSecret", token)
    assert "not-the-masters" not in f"{error.value!r}{error.value}{log.getvalue()}"
    assert "payments_clone" not in rig.server.users()
    right = json.dumps({"username": "payments_admin", "password": "master-password"})
    rig.secrets.put_secret_value(SecretId=rig.master_arn, SecretString=right)
    assert rig.rotate(token) == ["kept", "created", "tested", "finished"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nothing", "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"username": "payments_admin"}, "lacks username or password"),
        ({"username": "payments_admin", "password": "x", "host": "other.example"}, "is for the host other.example"),
        ({"username": "payments", "password": "first-password"}, "one of the two users that it manages"),
    ],
)
def test_a_master_secret_that_cannot_be_used_is_reported(value: Any, message: str, rig: Rig) -> None:
    token = rig.begin()
    rig.step("createSecret", token)
    text = value if isinstance(value, str) else json.dumps(value)
    rig.secrets.put_secret_value(SecretId=rig.master_arn, SecretString=text)
    with pytest.raises(RotationError, match=message):
        rig.step("setSecret", token)
    assert rig.opens(rig.value())


def test_versions_that_are_not_pending_are_rejected(rig: Rig) -> None:
    with pytest.raises(RotationError, match="is not a version of the secret"):
        rig.step("createSecret", "0" * 32)
    token = rig.begin()
    rig.secrets.update_secret_version_stage(SecretId=rig.arn, VersionStage="AWSPENDING", RemoveFromVersionId=token)
    # DescribeSecret may omit a version without any label.
    with pytest.raises(RotationError, match=r"has no label AWSPENDING|is not a version of the secret"):
        rig.step("createSecret", token)
    assert "payments_clone" not in rig.server.users()


@pytest.mark.parametrize("step", ["setSecret", "testSecret", "finishSecret"])
def test_a_step_without_createsecret_before_it_is_rejected(step: str, rig: Rig) -> None:
    before = rig.stages()
    token = rig.begin()
    with pytest.raises(RotationError, match="createSecret has not run"):
        rig.step(step, token)
    assert rig.stages() == {**before, token: ["AWSPENDING"]}


def test_the_test_step_fails_for_a_password_that_was_never_set(rig: Rig) -> None:
    token = rig.begin()
    rig.step("createSecret", token)
    with pytest.raises(mysql.LoginRejectedError, match="payments_clone was rejected: 1045"):
        rig.step("testSecret", token)


def test_a_second_rotation_waits_for_the_pending_one(rig: Rig) -> None:
    token = rig.begin()
    rig.step("createSecret", token)
    rig.step("setSecret", token)
    with pytest.raises(ClientError, match="previous rotation isn't complete"):
        rig.begin()
    assert rig.rotate(token) == ["kept", "kept", "tested", "finished"]
    rig.rotate()
    assert rig.value()["username"] == "payments"


def test_a_value_that_a_person_put_after_a_rotation_is_rotated_and_not_replaced_by_the_one_before(rig: Rig) -> None:
    """The incident: AWSPENDING stayed on the rotation's version, and the next rotation made its password current again."""
    rig.rotate()
    mine = {**rig.value(), "password": "chosen-by-a-person"}
    rig.server.query("ALTER USER 'payments_clone'@'%%' IDENTIFIED BY %s", mine["password"])
    rig.put(mine, stage="AWSCURRENT")
    assert rig.rotate() == ["created", "altered", "tested", "finished"]
    assert rig.value()["username"] == "payments"
    assert rig.value("AWSPREVIOUS") == mine
    assert sorted(rig.stages().values()) == [["AWSCURRENT"], ["AWSPREVIOUS"]]


def test_a_pending_value_of_an_abandoned_rotation_is_rejected(rig: Rig) -> None:
    """A person moved AWSCURRENT by hand to the user that the pending value is for."""
    token = rig.begin()
    rig.step("createSecret", token)
    rig.put({**rig.value(), "username": "payments_clone"}, stage="AWSCURRENT")
    with pytest.raises(RotationError, match=r"is for payments_clone and not for payments; remove the label AWSPENDING"):
        rig.step("setSecret", token)


def test_a_secret_without_rotation_is_rejected(rig: Rig) -> None:
    secret = rig.secrets.create_secret(Name="never-rotated", SecretString="{}")
    event = {"Step": "createSecret", "SecretId": secret["ARN"], "ClientRequestToken": secret["VersionId"]}
    with pytest.raises(RotationError, match="rotation is not enabled"):
        rotate_secret.handler.handler(event, Context())
    rig.secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


@pytest.mark.parametrize(
    "change", [{"host": "evil.example"}, {"engine": "aurora-mysql"}, {"port": 3307}, {"masterarn": "arn:other"}]
)
def test_a_pending_value_for_another_server_never_gets_the_masters_password(
    change: dict[str, Any], rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The confused deputy: an attacker who may write the secret, but not read the master's, puts his own host into the value."""
    token = rig.begin()
    forged = {**rig.value(), "username": "payments_clone", "password": "x", **change}
    rig.put(forged, stage="AWSPENDING", token=token)
    logins: list[mysql.Login] = []
    monkeypatch.setattr(mysql, "connect", logins.append)
    for step in list(STEPS)[1:]:
        with pytest.raises(RotationError, match=f"has another {next(iter(change))} than the current one"):
            rig.step(step, token)
    assert logins == []
    assert rig.value()["username"] == "payments"


def test_a_wrong_current_password_ends_the_rotation_before_the_master_logs_in(rig: Rig) -> None:
    rig.put({**rig.value(), "password": "mistaken"}, stage="AWSCURRENT")
    token = rig.begin()
    rig.step("createSecret", token)
    with pytest.raises(mysql.LoginRejectedError, match="the login of payments was rejected"):
        rig.step("setSecret", token)
    assert "payments_clone" not in rig.server.users()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"host": ""}, "lacks host"),
        ({"password": None, "masterarn": 5}, "lacks password, masterarn"),
        ({"engine": "postgres"}, "is for the engine postgres"),
        ({"port": "many"}, "has an invalid port"),
        ({"username": "p" * 27}, "longer than the 32 characters"),
        ({"username": "p" * 33}, "is not a user name of at most 32"),
        ({"username": "pay'ments"}, "is not a user name"),
    ],
)
def test_a_current_value_that_cannot_be_rotated_is_reported_without_its_content(
    change: dict[str, Any], message: str, rig: Rig
) -> None:
    rig.put({**rig.value(), **change}, stage="AWSCURRENT")
    token = rig.begin()
    with pytest.raises(RotationError, match=message) as error:
        rig.step("createSecret", token)
    assert "first-password" not in str(error.value)
    assert rig.stages()[token] == ["AWSPENDING"]


def test_a_value_that_is_not_json_is_not_quoted(rig: Rig, log: io.StringIO) -> None:
    rig.put('{"password": "hunter2"', stage="AWSCURRENT")
    token = rig.begin()
    with pytest.raises(RotationError, match="the current value is not JSON") as error:
        rig.step("createSecret", token)
    assert error.value.__cause__ is None
    assert "hunter2" not in f"{error.value!r}{log.getvalue()}"


def test_no_password_is_logged(rig: Rig, log: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    passwords = {rig.value()["password"], "master-password"}
    for _ in range(2):
        rig.rotate()
        passwords.add(rig.value()["password"])
    printed = capfd.readouterr()
    text = log.getvalue() + printed.out + printed.err
    assert "rotation step done" in text
    assert not [password for password in passwords if password in text]


def test_a_clone_with_another_password_and_fewer_rights_is_updated(rig: Rig) -> None:
    rig.server.query("CREATE USER 'payments_clone'@'%' IDENTIFIED BY 'old'")
    assert rig.rotate() == ["created", "altered", "tested", "finished"]
    assert rig.rights("payments_clone") == rig.rights("payments")


def test_missing_rights_fail_the_rotation_before_the_label_moves(rig: Rig) -> None:
    token = rig.begin()
    rig.step("createSecret", token)
    rig.step("setSecret", token)
    rig.server.query(f"REVOKE INSERT ON {rig.database}.entries FROM 'payments_clone'@'%'")
    with pytest.raises(RotationError, match="payments_clone lacks 1 of the rights of payments"):
        rig.step("testSecret", token)
    assert rig.rotate(token) == ["kept", "kept", "tested", "finished"]


def test_a_user_with_a_role_is_rejected(rig: Rig) -> None:
    rig.server.query("CREATE ROLE teller")
    rig.server.query("GRANT teller TO 'payments'@'%'")
    token = rig.begin()
    rig.step("createSecret", token)
    try:
        with pytest.raises(DatabaseUserError, match="only plain grants can be copied"):
            rig.step("setSecret", token)
    finally:
        rig.server.query("DROP ROLE teller")


def test_rights_that_the_master_cannot_grant_are_reported(rig: Rig) -> None:
    rig.server.query("GRANT SELECT ON sys.* TO 'payments'@'%'")
    token = rig.begin()
    rig.step("createSecret", token)
    with pytest.raises(DatabaseUserError, match="granting rights to payments_clone failed: 1044"):
        rig.step("setSecret", token)
    assert rig.opens(rig.value())
