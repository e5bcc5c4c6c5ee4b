"""Gaps of Secrets Manager.

RotateSecret only copies the value, GetSecretValue returns a version without a value, the value of a version can be
changed, and CloudFormation's generated passwords ignore most properties of GenerateSecretString.

Here RotateSecret calls the rotation function as the service does (rotate-secrets_lambda-functions.html): createSecret,
setSecret, testSecret and finishSecret with one token, whose version carries AWSPENDING from the beginning. A step that
fails ends the attempt and leaves AWSPENDING where it is. The service retries automatically; here the next RotateSecret
retries.

After a success the function decides about AWSPENDING: the label stays on the version that has become AWSCURRENT unless the
function takes it off. The service allows both ("might be attached to the same version as the AWSCURRENT version, or it might
not be attached to any version", API_RotateSecret). Users report the former of AWS's own functions
(aws-samples/aws-secrets-manager-rotation-lambdas#168), the maintainers promise the latter in #145. The former is the harder
case: a value that somebody puts by hand afterwards moves AWSCURRENT away, and the next RotateSecret takes the old version
for an unfinished rotation.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.ministack.api import aws
from local.ministack.internals import emulator_module, handlers, replace_handler, require, wrap
from local.ministack.properties import truth

logger = logging.getLogger("local")

_secrets = emulator_module("services.secretsmanager")
_lambda = emulator_module("services.lambda_svc")
_rds = emulator_module("services.rds")
_provisioners = emulator_module("services.cloudformation.provisioners")
_core = emulator_module("core.responses")

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

_UNFINISHED = "A previous rotation isn't complete. That rotation will be reattempted."
_NO_FUNCTION = "No Lambda rotation function ARN is associated with this secret."
_MAY_NOT_INVOKE = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the "
    "principal secretsmanager.amazonaws.com."
)

_running: set[str] = set()
"""ARNs of the secrets whose rotation is under way."""
_lock = threading.Lock()

Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Close all of them."""
    require(_secrets, "_resolve", "_find_stage_version", "_remove_stage_everywhere", "_is_replica")
    require(_lambda, "_functions")
    wrap(_secrets, "_rotate_secret", _rotating)
    wrap(_secrets, "_get_secret_value", _only_with_value)
    wrap(_secrets, "_put_secret_value", _stages_moved)
    wrap(_secrets, "_put_secret_value", _value_kept)
    wrap(_secrets, "_apply_current_promotion", _deprecated_kept)
    wrap(_secrets, "_list_secret_version_ids", _without_deprecated)
    wrap(_secrets, "_describe_secret", _with_date)
    wrap(_provisioners, "_sm_secret_string", lambda original: _secret_string)
    wrap(_provisioners, "_sm_target_connection", _with_identifier)
    replace_handler("AWS::SecretsManager::Secret", _identified_by_arn(handlers()["AWS::SecretsManager::Secret"]))
    require(_provisioners, "_SM_TARGET_KEYS")
    _provisioners._SM_TARGET_KEYS = (*_provisioners._SM_TARGET_KEYS, "dbClusterIdentifier")


# -- rotation ---------------------------------------------------------------------------------------------------------


def _rotating(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    def rotate(data: dict[str, Any]) -> Answer:
        _, secret = _secrets._resolve(data.get("SecretId"))
        if not secret or secret.get("DeletedDate") or _secrets._is_replica(secret):
            return original(data)  # which rejects it
        function = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
        if not function:
            return _rejection("InvalidRequestException", _NO_FUNCTION)
        if not _may_be_invoked(function):
            return _rejection("AccessDeniedException", _MAY_NOT_INVOKE)
        secret["RotationLambdaARN"], secret["RotationEnabled"] = function, True
        secret["RotationRules"] = data.get("RotationRules") or secret.get("RotationRules")
        answer = {"ARN": secret["ARN"], "Name": secret["Name"]}
        if not truth(data.get("RotateImmediately", True)):
            return _core.json_response(answer)  # type: ignore[no-any-return]
        pending, _ = _secrets._find_stage_version(secret, "AWSPENDING")
        current, _ = _secrets._find_stage_version(secret, "AWSCURRENT")
        if pending and pending != current:
            _start(secret, pending)
            return _rejection("InvalidRequestException", _UNFINISHED)
        token = data.get("ClientRequestToken") or _core.new_uuid()
        if token not in secret["Versions"]:  # else this very request came before
            _stage(secret, token)
            _start(secret, token)
        return _core.json_response({**answer, "VersionId": token})  # type: ignore[no-any-return]

    return rotate


def _rejection(code: str, message: str) -> Answer:
    return _core.error_response_json(code, message, 400)  # type: ignore[no-any-return]


def _stage(secret: dict[str, Any], token: str) -> None:
    """Add a version without a value, which createSecret fills."""
    secret["Versions"][token] = {
        "SecretString": None,
        "SecretBinary": None,
        "CreatedDate": int(time.time()),
        "Stages": ["AWSPENDING"],
    }
    _secrets._remove_stage_everywhere(secret, "AWSPENDING", except_version_id=token)


def _may_be_invoked(function: str) -> bool:
    """Return whether the function's resource policy allows the service to invoke it."""
    record = _lambda._functions.get(function.split(":function:")[-1].split(":")[0])
    statements = ((record or {}).get("policy") or {}).get("Statement") or []
    return any(
        statement.get("Effect") == "Allow"
        and (statement.get("Principal") or {}).get("Service") == "secretsmanager.amazonaws.com"
        for statement in statements
    )


def _start(secret: dict[str, Any], token: str) -> None:
    with _lock:
        if secret["ARN"] in _running:
            return
        _running.add(secret["ARN"])
    arguments = (secret, token, _core.get_account_id(), _core.get_region())
    threading.Thread(target=_rotate, args=arguments, name="rotation", daemon=True).start()


def _rotate(secret: dict[str, Any], token: str, account: str, region: str) -> None:
    try:
        with _core.request_scope(account, region):
            if all(_step(secret, token, step) for step in STEPS):
                secret["LastRotatedDate"] = int(time.time())
                logger.info("Rotated %s: %s", secret["Name"], token)
    finally:
        with _lock:
            _running.discard(secret["ARN"])


def _step(secret: dict[str, Any], token: str, step: str) -> bool:
    """Call the function for one step; return False if it failed."""
    event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
    try:
        answer = aws("lambda").invoke(FunctionName=secret["RotationLambdaARN"], Payload=json.dumps(event).encode())
        failed, message = bool(answer.get("FunctionError")), answer["Payload"].read()[:800]
    except (BotoCoreError, ClientError) as error:
        failed, message = True, str(error).encode()
    if failed:
        logger.warning("Rotation of %s failed at %s: %s", secret["Name"], step, message.decode(errors="replace"))
    return not failed


# -- versions ---------------------------------------------------------------------------------------------------------


def _only_with_value(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Let GetSecretValue reject a version that has no value yet, or not the stage that the caller asks for."""

    def get(data: dict[str, Any]) -> Answer:
        answer = original(data)
        if answer[0] != 200:
            return answer
        body = json.loads(answer[2])
        stage, version = data.get("VersionStage"), body["VersionId"]
        criterion = f"VersionId: {version}" if data.get("VersionId") else f"staging label: {stage or 'AWSCURRENT'}"
        if stage and data.get("VersionId") and stage not in body["VersionStages"]:
            return _rejection(
                "InvalidRequestException",
                "You provided a VersionStage that is not associated to the provided VersionId.",
            )
        if "SecretString" not in body and "SecretBinary" not in body:
            return _rejection(
                "ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for {criterion}"
            )
        return answer

    return get


def _with_date(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Add LastRotatedDate, which DescribeSecret leaves out."""

    def describe(data: dict[str, Any]) -> Answer:
        answer = original(data)
        _, secret = _secrets._resolve(data.get("SecretId"))
        if answer[0] != 200 or not (secret or {}).get("LastRotatedDate"):
            return answer
        body = {**json.loads(answer[2]), "LastRotatedDate": secret["LastRotatedDate"]}
        return _core.json_response(body)  # type: ignore[no-any-return]

    return describe


def _value_kept(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Let PutSecretValue keep a version's value for ever; the same value again is no error (API_PutSecretValue)."""

    def put(data: dict[str, Any]) -> Answer:
        _, secret = _secrets._resolve(data.get("SecretId"))
        token = data.get("ClientRequestToken")
        version = (secret or {}).get("Versions", {}).get(token) if token else None
        value = (version or {}).get("SecretString"), (version or {}).get("SecretBinary")
        if secret is None or version is None or value == (None, None):
            return original(data)
        if value != (data.get("SecretString"), data.get("SecretBinary")):
            return _rejection(
                "ResourceExistsException",
                f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
                f"secret {secret['ARN']}.",
            )
        answer = {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token, "VersionStages": version["Stages"]}
        return _core.json_response(answer)  # type: ignore[no-any-return]

    return put


def _stages_moved(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Take the stages that PutSecretValue attaches from the versions that have them (API_PutSecretValue)."""

    def put(data: dict[str, Any]) -> Answer:
        answer = original(data)
        _, secret = _secrets._resolve(data.get("SecretId"))
        if answer[0] == HTTPStatus.OK:
            body = json.loads(answer[2])
            for stage in body["VersionStages"]:
                _secrets._remove_stage_everywhere(secret, stage, except_version_id=body["VersionId"])
        return answer

    return put


def _deprecated_kept(original: Callable[..., None]) -> Callable[..., None]:
    """Keep a version that loses its last stage: the service deletes none of the last day (API_PutSecretValue)."""

    def promote(secret: dict[str, Any], version: str) -> None:
        before = dict(secret["Versions"])
        original(secret, version)
        for identifier, former in before.items():
            secret["Versions"].setdefault(identifier, former)

    return promote


def _without_deprecated(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """List versions without a stage only with IncludeDeprecated (API_ListSecretVersionIds)."""

    def listed(data: dict[str, Any]) -> Answer:
        answer = original(data)
        if answer[0] != HTTPStatus.OK or truth(data.get("IncludeDeprecated", False)):
            return answer
        body = json.loads(answer[2])
        body["Versions"] = [version for version in body["Versions"] if version["VersionStages"]]
        return _core.json_response(body)  # type: ignore[no-any-return]

    return listed


# -- CloudFormation ---------------------------------------------------------------------------------------------------


def _identified_by_arn(own: dict[str, Any]) -> dict[str, Any]:
    """Let Ref return the secret's ARN (aws-resource-secretsmanager-secret: return values), not its name."""

    def name_of(physical_id: str) -> str:
        key, _ = _secrets._resolve(physical_id)
        return str(key[-1] if isinstance(key, tuple) else key or physical_id)

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        _, attributes = own["create"](logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str | None = None
    ) -> tuple[str, dict[str, str]]:
        _, attributes = own["update"](name_of(physical_id), old, new, stack_name, logical_id)
        return attributes["Arn"], attributes

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        own["delete"](name_of(physical_id), props)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


_GENERATED: dict[str, Callable[[Any], Any]] = {
    "PasswordLength": int,
    "ExcludeCharacters": str,
    "ExcludeNumbers": truth,
    "ExcludePunctuation": truth,
    "ExcludeUppercase": truth,
    "ExcludeLowercase": truth,
    "IncludeSpace": truth,
    "RequireEachIncludedType": truth,
}


def _secret_string(props: dict[str, Any]) -> str:
    """Return the value that a template declares, generated as by GetRandomPassword."""
    generation = props.get("GenerateSecretString")
    if not generation or props.get("SecretString"):
        return str(props.get("SecretString", ""))
    request = {name: convert(generation[name]) for name, convert in _GENERATED.items() if name in generation}
    status, _, body = _secrets._get_random_password(request)
    answer = json.loads(body)
    if status != 200:
        raise ValueError(str(answer.get("message") or answer))
    password = str(answer["RandomPassword"])
    if "SecretStringTemplate" not in generation:
        return password
    return json.dumps({**json.loads(generation["SecretStringTemplate"]), generation["GenerateStringKey"]: password})


def _with_identifier(original: Callable[[Any, Any], dict[str, Any]]) -> Callable[[Any, Any], dict[str, Any]]:
    """Add dbClusterIdentifier to a cluster's attachment (reference_secret_json_structure.html)."""

    def connection(target_type: str, target_id: str) -> dict[str, Any]:
        fields = original(target_type, target_id)
        if target_type == "AWS::RDS::DBCluster":
            fields["dbClusterIdentifier"] = target_id
        return fields

    return connection
