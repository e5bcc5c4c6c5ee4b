"""Secrets Manager."""

from __future__ import annotations

from tests.local.conformance.support.row import CLOUDFORMATION, DOCS, Row, Table

_GUIDE = f"{DOCS}secretsmanager/latest/userguide/"
_API = f"{DOCS}secretsmanager/latest/apireference/"
_SECRET, _SCHEDULE = "AWS::SecretsManager::Secret", "AWS::SecretsManager::RotationSchedule"

TABLE = Table(
    "Secrets Manager",
    (
        Row(
            "generated_secret_obeys_its_rules",
            "GenerateSecretString puts a password of the given length, without the "
            "excluded characters, beside the template's keys.",
            f"{CLOUDFORMATION}aws-properties-secretsmanager-secret-generatesecretstring.html",
            types=(_SECRET,),
            calls=("secretsmanager.get_secret_value",),
        ),
        Row(
            "random_password_obeys_its_rules",
            "GetRandomPassword gives a password of the asked length, without the excluded characters.",
            f"{_API}API_GetRandomPassword.html",
            calls=("secretsmanager.get_random_password",),
        ),
        Row(
            "random_password_has_each_type",
            "Unless told otherwise, a password has a letter of either case, a digit and a punctuation mark.",
            f"{_API}API_GetRandomPassword.html",
            calls=("secretsmanager.get_random_password",),
        ),
        Row(
            "put_moves_current_and_previous",
            "PutSecretValue without stages makes the new version AWSCURRENT and the old one AWSPREVIOUS.",
            f"{_API}API_PutSecretValue.html",
            calls=("secretsmanager.put_secret_value", "secretsmanager.describe_secret"),
        ),
        Row(
            "pending_version_is_not_current",
            "A version that is put with AWSPENDING leaves AWSCURRENT where it is.",
            f"{_API}API_PutSecretValue.html",
            calls=("secretsmanager.put_secret_value", "secretsmanager.get_secret_value"),
        ),
        Row(
            "stage_is_at_one_version_only",
            "PutSecretValue with a stage that another version has takes it from there.",
            f"{_API}API_PutSecretValue.html",
            calls=("secretsmanager.put_secret_value",),
        ),
        Row(
            "version_without_stage_is_deprecated",
            "A version that lost its last stage is deprecated; ListSecretVersionIds gives it only with "
            "IncludeDeprecated.",
            f"{_API}API_ListSecretVersionIds.html",
            types=(_SECRET,),
        ),
        Row(
            "same_token_and_value_is_idempotent",
            "PutSecretValue with the token of an existing version succeeds with the "
            "same value, and is ResourceExistsException with another one.",
            f"{_API}API_PutSecretValue.html",
            calls=("secretsmanager.put_secret_value",),
        ),
        Row(
            "stage_moves_between_versions",
            "UpdateSecretVersionStage moves AWSCURRENT; AWSPREVIOUS follows by itself.",
            f"{_API}API_UpdateSecretVersionStage.html",
            calls=("secretsmanager.update_secret_version_stage",),
        ),
        Row(
            "stage_moves_only_from_its_version",
            "UpdateSecretVersionStage fails if the stage is at another version than the caller says.",
            f"{_API}API_UpdateSecretVersionStage.html",
            calls=("secretsmanager.update_secret_version_stage",),
        ),
        Row(
            "missing_stage_is_not_found",
            "GetSecretValue for a stage that no version has is ResourceNotFoundException.",
            f"{_API}API_GetSecretValue.html",
            calls=("secretsmanager.get_secret_value",),
        ),
        Row(
            "rotation_calls_four_steps",
            "RotateSecret calls the function with createSecret, setSecret, testSecret and "
            "finishSecret, and the same token.",
            f"{_GUIDE}rotating-secrets.html",
            types=(_SCHEDULE,),
            calls=("secretsmanager.rotate_secret",),
        ),
        Row(
            "failed_rotation_keeps_current",
            "If a step fails, AWSCURRENT stays, and AWSPENDING stays at the new version.",
            f"{_GUIDE}troubleshoot_rotation.html",
            types=(_SCHEDULE,),
            calls=("secretsmanager.rotate_secret",),
        ),
        Row(
            "rotation_needs_permission_to_invoke",
            "RotateSecret fails if the function's policy does not let Secrets Manager invoke it.",
            f"{_GUIDE}troubleshoot_rotation.html",
            types=(_SCHEDULE, "AWS::Lambda::Permission"),
            calls=("secretsmanager.rotate_secret",),
        ),
        Row(
            "finished_rotation_leaves_the_former_as_previous",
            "After a rotation AWSPREVIOUS is at the version that AWSCURRENT was removed from.",
            f"{_GUIDE}rotate-secrets_lambda-functions.html",
            types=(_SCHEDULE,),
            calls=("secretsmanager.rotate_secret",),
        ),
        Row(
            "waiting_pending_version_blocks_a_rotation",
            "While AWSPENDING is at another version than AWSCURRENT, RotateSecret is an error, as a rotation is "
            "in progress.",
            f"{_API}API_RotateSecret.html",
            types=(_SCHEDULE,),
            calls=("secretsmanager.rotate_secret",),
        ),
        Row(
            "rotation_schedule_is_declared",
            "DescribeSecret shows the rotation function and the days between rotations.",
            f"{CLOUDFORMATION}aws-resource-secretsmanager-rotationschedule.html",
            types=(_SCHEDULE,),
            calls=("secretsmanager.describe_secret",),
        ),
        Row(
            "target_attachment_adds_the_connection",
            "The attachment adds engine, host, port and identifier of the database to the secret.",
            f"{CLOUDFORMATION}aws-resource-secretsmanager-secrettargetattachment.html",
            types=("AWS::SecretsManager::SecretTargetAttachment",),
        ),
        Row(
            "deleted_secret_can_be_restored",
            "A deleted secret is unreadable, and can be restored within its recovery window.",
            f"{_GUIDE}manage_delete-secret.html",
            types=(_SECRET,),
        ),
    ),
)
