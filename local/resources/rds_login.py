"""Who may log in to a PostgreSQL cluster: IAM tokens, and whether a connection needs TLS.

The emulator verifies tokens for MySQL only (its core/rds_iam.py); this module puts the same parts together.
"""

from __future__ import annotations

import json

from local.host.ports import LOOPBACK
from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require
from local.ministack.permissions import ALLOW, UnknownPrincipalError, decision, principal_of

_rds = emulator_module("services.rds")
_rds_iam = emulator_module("core.rds_iam")
_core = emulator_module("core.responses")


def install() -> None:
    """Check the parts of the emulator that this module uses."""
    require(_rds, "_clusters", "_db_cluster_param_groups")
    require(_rds_iam, "verify_rds_iam_token", "RdsIamTokenError")


def login_fault(identifier: str, token: str, user: str, port: int) -> str | None:
    """Return why an IAM token does not let ``user`` into a cluster, None if it does: RDS's checks, in its order."""
    cluster = _rds._clusters.get_scoped(ACCOUNT, REGION, identifier)
    if cluster is None:
        return "the cluster is gone"
    if cluster.get("IAMDatabaseAuthenticationEnabled") is not True:
        return "IAM authentication is not enabled for the cluster"
    verified = _rds_iam.verify_rds_iam_token(
        token, hostname=LOOPBACK, port=port, db_user=user, region=REGION, account_id=ACCOUNT
    )
    if isinstance(verified, _rds_iam.RdsIamTokenError):
        return f"the token is not valid: {verified.code}"
    with _core.request_scope(ACCOUNT, REGION):
        try:
            principal = principal_of(verified.access_key_id)
        except UnknownPrincipalError as error:
            return f"the token's principal is unknown: {error}"
        resource = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:{cluster['DbClusterResourceId']}/{user}"
        verdict = decision(principal, "rds-db:connect", resource)
    return None if verdict == ALLOW else f"{principal.arn} may not rds-db:connect to {resource} ({verdict})"


def requires_tls(identifier: str) -> bool:
    """Return rds.force_ssl of the cluster's parameter group; 1 is the default since PostgreSQL 15."""
    cluster = _rds._clusters.get_scoped(ACCOUNT, REGION, identifier) or {}
    group = _rds._db_cluster_param_groups.get_scoped(ACCOUNT, REGION, cluster.get("DBClusterParameterGroup", "")) or {}
    parameters = group.get("Parameters") or {}
    value = parameters.get("rds.force_ssl", "1") if isinstance(parameters, dict) else json.dumps(parameters)
    return str(value) != "0"
