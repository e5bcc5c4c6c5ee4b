"""The secrets tier of transactions: the application's database login, and the secret header of the load balancer.

The migration creates the login's user, and a function rotates the login.
"""

from __future__ import annotations

import json

import awacs.secretsmanager as secretsmanager
from troposphere import AWSObject, Ref, Sub
from troposphere.awslambda import Permission
from troposphere.cloudformation import CustomResource
from troposphere.secretsmanager import (
    GenerateSecretString,
    RotationRules,
    RotationSchedule,
    Secret,
    SecretTargetAttachment,
)

from builders.contract import artifacts, parameters, ports
from builders.contract.template import TierTemplate
from builders.iam import statements
from builders.parts.custom_resources import add_custom_resource
from builders.parts.lambdas import BuiltFunction, FunctionRow, add_function, export_function
from builders.transactions import facts, origin_header

APP_USER = "payments"
ROTATION_DAYS = 30


def build(platform: str) -> TierTemplate:
    """Builds secret, attachment, migration, rotation, and the secrets of the origin's header."""
    template = TierTemplate(
        platform, "Database login of the application with its rotation, and the origin's secret header."
    )
    secret = add_database_secret(template)
    attachment = attach(template, secret)
    migration, migrated = add_migration(template, attachment)
    rotation = add_rotation_function(template, secret)
    schedule_rotation(template, secret, rotation, after=[attachment, migrated])
    origin_header.add_secrets(template)
    template.export(ports.DATABASE_SECRET, Ref(secret))
    for built in (migration, rotation):
        export_function(template, built)
    return template


def add_database_secret(template: TierTemplate) -> Secret:
    """Adds the login. Secrets Manager generates the password. ``masterarn`` names the login that the rotation uses.

    Do not change ``GenerateSecretString`` on a running platform. Any change generates a new password and removes host and
    port; the login then fails until the secret is attached and rotated again.
    The password excludes punctuation, which shells, URLs and option files may misread; 32 other characters are enough.
    Source of the JSON's keys: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """
    master = template.placeholder(ports.DATABASE_MASTER_SECRET)
    login = json.dumps({"username": APP_USER, "dbname": facts.DATABASE_NAME, "masterarn": master})
    return template.add(
        Secret(
            "DatabaseSecret",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Name=template.named("database"),
            Description="Database login of the application",
            KmsKeyId=template.use(ports.SECRETS_KEY),
            GenerateSecretString=GenerateSecretString(
                SecretStringTemplate=Sub(login),
                GenerateStringKey="password",
                PasswordLength=32,
                ExcludePunctuation=True,
            ),
        )
    )


def attach(template: TierTemplate, secret: Secret) -> SecretTargetAttachment:
    """Adds the attachment, which writes engine, host, port and cluster into the secret."""
    return template.add(
        SecretTargetAttachment(
            "DatabaseSecretAttachment",
            SecretId=Ref(secret),
            TargetId=template.use(ports.DATABASE_CLUSTER),
            TargetType="AWS::RDS::DBCluster",
        )
    )


def add_migration(template: TierTemplate, attachment: SecretTargetAttachment) -> tuple[BuiltFunction, CustomResource]:
    """Adds the function that creates schema and user, and the custom resource that invokes it.

    The function runs again whenever its code, which includes its SQL, changes.
    """
    built = add_function(
        template,
        FunctionRow(
            name="migrate_mysql",
            description="Creates the database schema and the application's user",
            memory_mib=256,
            concurrency=parameters.SUPPORT_CONCURRENCY,
            environment={
                "APP_SECRET_ARN": Ref("DatabaseSecret"),
                "DB_HOST": template.use(ports.DATABASE_ENDPOINT),
                "DB_PORT": template.use(ports.DATABASE_PORT),
                "DB_NAME": facts.DATABASE_NAME,
                "DB_SECRET_ARN": template.use(ports.DATABASE_MASTER_SECRET),
            },
            permissions=[
                statements.read_secret("ReadMasterSecret", template.use(ports.DATABASE_MASTER_SECRET)),
                statements.read_secret("ReadApplicationSecret", Ref("DatabaseSecret")),
                # The application's secret and the master's have different keys.
                statements.read_under_key("UseSecretsKey", template.use(ports.SECRETS_KEY), "secretsmanager"),
                statements.read_under_key("UseMasterSecretKey", template.use(ports.DATABASE_KEY), "secretsmanager"),
            ],
        ),
        dead_letters=template.use(ports.FUNCTION_DEAD_LETTERS),
    )
    run = add_custom_resource(
        template,
        "DatabaseMigration",
        built.arn,
        after=[attachment],
        ArtifactKey=template.use(artifacts.FUNCTION_KEYS["migrate_mysql"]),
        Reader=template.use(ports.DATABASE_READER),
    )
    return built, run


def add_rotation_function(template: TierTemplate, secret: Secret) -> BuiltFunction:
    """Adds the function that rotates the login.

    Source of its permissions: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
    """
    return add_function(
        template,
        FunctionRow(
            name="rotate_secret",
            description="Rotates the application's database login",
            memory_mib=256,
            concurrency=parameters.SUPPORT_CONCURRENCY,
            permissions=[
                statements.rotate_secret("RotateSecret", Ref(secret)),
                statements.read_secret("ReadMasterSecret", template.use(ports.DATABASE_MASTER_SECRET)),
                statements.unscoped(
                    "DrawPassword",
                    "secretsmanager:GetRandomPassword has no resource-level permission",
                    [secretsmanager.GetRandomPassword],
                ),
                # It writes the application's secret and reads the master's.
                statements.use_key("UseSecretsKey", template.use(ports.SECRETS_KEY), "secretsmanager"),
                statements.read_under_key("UseMasterSecretKey", template.use(ports.DATABASE_KEY), "secretsmanager"),
            ],
        ),
        dead_letters=template.use(ports.FUNCTION_DEAD_LETTERS),
    )


def schedule_rotation(template: TierTemplate, secret: Secret, function: BuiltFunction, after: list[AWSObject]) -> None:
    """Adds the schedule. The first rotation begins with the deployment, which does not wait for it.

    If a rotation fails, the alarm on the function's errors sounds.
    """
    permission = template.add(
        Permission(
            "RotationPermission",
            FunctionName=Ref(function.function),
            Action="lambda:InvokeFunction",
            Principal="secretsmanager.amazonaws.com",
            SourceAccount=Ref("AWS::AccountId"),
            SourceArn=Ref(secret),
        )
    )
    template.add(
        RotationSchedule(
            "DatabaseSecretRotation",
            DependsOn=[permission, *after],
            SecretId=Ref(secret),
            RotationLambdaARN=function.arn,
            RotationRules=RotationRules(AutomaticallyAfterDays=ROTATION_DAYS),
            RotateImmediatelyOnUpdate=True,
        )
    )
