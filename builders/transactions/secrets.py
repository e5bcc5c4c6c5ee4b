"""The secrets tier of transactions: the application's database login, its rotation, the migration that makes it valid,
and the secret header between CloudFront and the load balancer."""

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

from builders.contract import parameters, ports
from builders.contract.template import TierTemplate
from builders.iam import statements
from builders.parts.custom_resources import add_custom_resource
from builders.parts.lambdas import BuiltFunction, FunctionRow, add_function, export_function
from builders.transactions import facts, origin_header

APP_USER = "payments"
ROTATION_DAYS = 30


def build(platform: str) -> TierTemplate:
    """Secret, attachment, migration, rotation, and the origin's header."""
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
    """The login. Secrets Manager draws the password; ``masterarn`` tells the rotation who may make users.

    A change of anything in ``GenerateSecretString`` draws a new password and drops host and port: the login breaks until the
    secret is attached and rotated anew. Do not touch it on a running platform.
    Characters that shells, URLs or option files would take amiss are left out; 32 of those that remain are plenty.
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
    """Writes engine, host, port and cluster into the secret."""
    return template.add(
        SecretTargetAttachment(
            "DatabaseSecretAttachment",
            SecretId=Ref(secret),
            TargetId=template.use(ports.DATABASE_CLUSTER),
            TargetType="AWS::RDS::DBCluster",
        )
    )


def add_migration(template: TierTemplate, attachment: SecretTargetAttachment) -> tuple[BuiltFunction, CustomResource]:
    """The function that makes schema and user, and its run: again whenever its code (and so its SQL) changes."""
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
                # The application's secret and the master's lie under different keys.
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
        ArtifactKey=template.use(parameters.FUNCTION_KEYS["migrate_mysql"]),
        Reader=template.use(ports.DATABASE_READER),
    )
    return built, run


def add_rotation_function(template: TierTemplate, secret: Secret) -> BuiltFunction:
    """The function that rotates the login.

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
    """The schedule. The first rotation begins with the deployment, which does not wait for it.

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
