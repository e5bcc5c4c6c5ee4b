"""PostgreSQL behind RDS: TLS, the master's secret, verified IAM tokens, a server for each cluster."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from local.cloud import EmbeddedCloud
from tests.local.support.databases import DATABASE, master
from tests.local.support.stacks import Outcome, change, delete

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("sample")]


def cluster(cloud: EmbeddedCloud, identifier: str = "sample-dev") -> dict[str, Any]:
    [description] = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
    return dict(description)


def session(cloud: EmbeddedCloud, policy_resource: str | None) -> dict[str, str]:
    """Credentials of a role that may rds-db:connect to ``policy_resource``, or to nothing if that is None."""
    iam, name = cloud.client("iam"), "database-caller"
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
    if name not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
    statement = {"Effect": "Allow", "Action": "rds-db:connect", "Resource": policy_resource or "arn:aws:rds-db:::none"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="connect", PolicyDocument=document)
    answer = cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::111122223333:role/{name}", RoleSessionName="test")
    return dict(answer["Credentials"])


def connect(cloud: EmbeddedCloud, user: str, password: str, **options: Any) -> psycopg.Connection[tuple[object, ...]]:
    target = cluster(cloud)
    settings = {"sslmode": "verify-full", "sslrootcert": str(cloud.authority), "dbname": "trading", **options}
    return psycopg.connect(host=target["Endpoint"], port=target["Port"], user=user, password=password, **settings)


def token(cloud: EmbeddedCloud, credentials: dict[str, str], user: str, **changes: Any) -> str:
    target = {"DBHostname": "127.0.0.1", "Port": cluster(cloud)["Port"], **changes}
    return str(cloud.client("rds", credentials).generate_db_auth_token(DBUsername=user, **target))


def dbuser(cloud: EmbeddedCloud, user: str) -> str:
    return f"arn:aws:rds-db:us-east-1:111122223333:dbuser:{cluster(cloud)['DbClusterResourceId']}/{user}"


def test_connections_are_encrypted_and_verified(cloud: EmbeddedCloud) -> None:
    with master(cloud, "sample-dev") as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT current_user").fetchone() == ("trading_admin",)


def test_plain_connections_are_rejected(cloud: EmbeddedCloud) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry.*no encryption"):
        connect(cloud, "trading_admin", "whatever", sslmode="disable")


def test_wrong_password_is_rejected(cloud: EmbeddedCloud) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(cloud, "trading_admin", "wrong")


def test_the_superuser_cannot_log_in(cloud: EmbeddedCloud) -> None:
    with pytest.raises(psycopg.OperationalError, match="not permitted"):
        connect(cloud, "rdsadmin", "")


def test_the_master_is_no_superuser_but_may_grant_rds_iam(cloud: EmbeddedCloud) -> None:
    with master(cloud, "sample-dev") as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        connection.execute("CREATE ROLE granted LOGIN")
        connection.execute("GRANT rds_iam TO granted")
        connection.rollback()


def test_a_token_of_a_role_with_the_right_logs_in(cloud: EmbeddedCloud) -> None:
    credentials = session(cloud, dbuser(cloud, "trading_analyst"))
    with connect(cloud, "trading_analyst", token(cloud, credentials, "trading_analyst")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("trading_analyst",)


def test_a_role_without_the_right_is_rejected(cloud: EmbeddedCloud) -> None:
    credentials = session(cloud, None)
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed"):
        connect(cloud, "trading_analyst", token(cloud, credentials, "trading_analyst"))


@pytest.mark.parametrize(
    ("user", "changes"),
    [("trading_app", {}), ("trading_analyst", {"Port": 5432}), ("trading_analyst", {"DBHostname": "db.example.com"})],
    ids=["another user", "another port", "another host"],
)
def test_a_token_is_good_for_its_user_and_endpoint_only(
    cloud: EmbeddedCloud, user: str, changes: dict[str, Any]
) -> None:
    credentials = session(cloud, dbuser(cloud, "*"))
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed"):
        connect(cloud, "trading_analyst", token(cloud, credentials, user, **changes))


def test_a_forged_token_is_rejected(cloud: EmbeddedCloud) -> None:
    credentials = session(cloud, dbuser(cloud, "trading_analyst"))
    real = token(cloud, credentials, "trading_analyst")
    forged = real[:-1] + ("0" if real[-1] != "0" else "1")
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed"):
        connect(cloud, "trading_analyst", forged)


def test_users_with_rds_iam_have_no_password(cloud: EmbeddedCloud) -> None:
    with master(cloud, "sample-dev") as connection:
        connection.execute("ALTER ROLE trading_analyst PASSWORD 'known'")
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed"):
        connect(cloud, "trading_analyst", "known")


def test_the_master_with_rds_iam_needs_a_token_and_its_password_works_again_afterwards(cloud: EmbeddedCloud) -> None:
    """IAM authentication takes precedence for the master too; the right of rds_superuser to grant rds_iam does not count."""
    with master(cloud, "sample-dev") as connection:
        connection.execute("GRANT rds_iam TO trading_admin")
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed"):
        master(cloud, "sample-dev")
    credentials = session(cloud, dbuser(cloud, "trading_admin"))
    with connect(cloud, "trading_admin", token(cloud, credentials, "trading_admin")) as connection:
        connection.execute("REVOKE rds_iam FROM trading_admin")
    master(cloud, "sample-dev").close()


def test_the_creator_of_an_iam_user_keeps_its_password(cloud: EmbeddedCloud) -> None:
    """PostgreSQL makes the creator a member, but without inheritance."""
    with master(cloud, "sample-dev") as connection:
        connection.execute("CREATE ROLE created LOGIN")
        connection.execute("GRANT rds_iam TO created")
    with master(cloud, "sample-dev") as connection:
        assert connection.execute("SELECT pg_has_role('created', 'MEMBER')").fetchone() == (True,)
        connection.execute("DROP ROLE created")


def test_the_port_behind_the_proxy_trusts_nobody(cloud: EmbeddedCloud) -> None:
    """Users need their password there, and the superuser cannot log in."""
    with master(cloud, "sample-dev") as connection:
        port = connection.execute("SELECT inet_server_port()").fetchone()
    assert port is not None
    for user, password, message in (
        ("trading_admin", "", "no password supplied"),
        ("rdsadmin", "x", "rejects connection"),
    ):
        with pytest.raises(psycopg.OperationalError, match=message):
            psycopg.connect(host="127.0.0.1", port=str(port[0]), user=user, password=password, dbname="trading")


def test_bulk_data_passes(cloud: EmbeddedCloud) -> None:
    with master(cloud, "sample-dev") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bulk (line text)")
        with cursor.copy("COPY bulk FROM STDIN") as copy:
            for number in range(20_000):
                copy.write_row((f"{number}-" + "x" * 200,))
        cursor.execute("SELECT count(*), sum(length(line)) FROM bulk")
        row: Any = cursor.fetchone()
        count, size = row
        assert (count, size > 4_000_000) == (20_000, True)


def test_clusters_share_nothing_and_go_with_their_stack(cloud: EmbeddedCloud, sample: Outcome) -> None:
    assert change(cloud, "other-db", DATABASE).status == "CREATE_COMPLETE"
    port = cluster(cloud, "kept")["Port"]
    assert port != cluster(cloud)["Port"]
    with master(cloud, "kept") as connection:
        users = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        assert "keeper" in users
        assert "trading_app" not in users
    secret = cluster(cloud, "kept")["MasterUserSecret"]["SecretArn"]
    assert delete(cloud, "other-db").status == "DELETE_COMPLETE"
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        psycopg.connect(host="127.0.0.1", port=port, user="keeper", dbname="trading", connect_timeout=5)
    secrets = cloud.client("secretsmanager")
    with pytest.raises(secrets.exceptions.ClientError):
        secrets.get_secret_value(SecretId=secret)
