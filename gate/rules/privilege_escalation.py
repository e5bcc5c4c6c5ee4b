"""E9814: no policy lets its owner get more permissions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
policies = import_filename("_policies", _FOLDER)  # by path, as cfn-lint loads this file

# Actions that change who may do what. On any resource, they need a reason.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html, the level
# "Permissions management", and the actions that create credentials.
CHANGES_PERMISSIONS: tuple[str, ...] = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:CreateSAMLProvider",
    "iam:CreateOpenIDConnectProvider",
    "iam:CreateServiceSpecificCredential",
    "iam:DeactivateMFADevice",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:ResetServiceSpecificCredential",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "iam:UpdateSAMLProvider",
    "iam:UploadSSHPublicKey",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:CreateAccountAssignment",
    "sso:PutInlinePolicyToPermissionSet",
    "organizations:DetachPolicy",
)
# Actions that run code under a role, open a resource, or become someone else. They need a resource with a name.
ACTS_AS_OTHERS: tuple[str, ...] = (
    "cloudformation:CreateChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:SetStackPolicy",
    "cloudformation:UpdateStack",
    "cloudformation:UpdateStackSet",
    "codebuild:StartBuild",
    "codebuild:UpdateProject",
    "codepipeline:UpdatePipeline",
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2:AssociateIamInstanceProfile",
    "ec2:ModifyInstanceAttribute",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "ecr:SetRepositoryPolicy",
    "ecs:ExecuteCommand",
    "glue:UpdateDevEndpoint",
    "glue:UpdateJob",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PassRole",
    "kms:PutKeyPolicy",
    "lambda:AddPermission",
    "lambda:CreateEventSourceMapping",
    "lambda:CreateFunctionUrlConfig",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "s3:PutBucketPolicy",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
    "secretsmanager:PutResourcePolicy",
    "sns:AddPermission",
    "sqs:AddPermission",
    "ssm:CreateAssociation",
    "ssm:SendCommand",
    "ssm:StartAutomationExecution",
    "ssm:StartSession",
    "states:UpdateStateMachine",
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
)
# Actions that start something under the role that iam:PassRole gives them.
RUNS_PASSED_ROLE: tuple[str, ...] = (
    "apprunner:CreateService",
    "autoscaling:CreateAutoScalingGroup",
    "autoscaling:CreateLaunchConfiguration",
    "batch:RegisterJobDefinition",
    "bedrock-agentcore:CreateCodeInterpreter",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:CreateStackSet",
    "cloudformation:UpdateStack",
    "codebuild:CreateProject",
    "codepipeline:CreatePipeline",
    "datapipeline:CreatePipeline",
    "ec2:RequestSpotInstances",
    "ec2:RunInstances",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "glue:CreateSession",
    "lambda:CreateFunction",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "scheduler:CreateSchedule",
    "ssm:StartAutomationExecution",
    "states:CreateStateMachine",
)
# Conditions that bound what a change of permissions can give.
BOUNDING_KEYS = frozenset({"iam:permissionsboundary", "iam:policyarn"})
BOUNDABLE = re.compile(r"iam:(Attach|Put)(Role|User|Group)Policy|iam:Create(Role|User)")
# The last part of a resource that names nothing: `*`, `role/*`, `function:*`.
UNNAMED = re.compile(r"(.*[:/])?[*?]+")


class PrivilegeEscalation(CloudFormationLintRule):
    """Checks every statement of an identity policy that allows, also for patterns such as ``iam:Put*``."""

    id = "E9814"
    shortdesc = "No policy lets its owner get more permissions"
    description = (
        "No statement allows an action that changes permissions or creates credentials (iam:PutRolePolicy, "
        "iam:CreateAccessKey …), unless a condition on iam:PermissionsBoundary or iam:PolicyARN bounds it. Actions that run "
        "code under a role, open a resource or become a role (lambda:UpdateFunctionCode, ssm:SendCommand, iam:PassRole, "
        'sts:AssumeRole …) name their resources, where "*" and "role/*" name none. A document with iam:PassRole allows no '
        "action that starts something under the passed role (ec2:RunInstances, lambda:CreateFunction …)."
    )
    reason = (
        "Whoever may write a policy of a role has every permission. PCI DSS 7.2.5 would hold on paper only. Security packs "
        'look at "*" and miss "role/*".'
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"
    tags = ["resources", "iam"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          OperatorPolicy:
            Type: AWS::IAM::Policy
            Properties:
              PolicyName: operator
              Roles: [operator]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Allow
                    Action: iam:PutRolePolicy
                    Resource: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*
    """
    passing_example = failing_example.replace("iam:PutRolePolicy", "iam:GetRolePolicy")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each statement that gives a way to more permissions."""
        matches: list[RuleMatch] = []
        for document in _documents(cfn):
            starts = {action for statement in document for action in _covered(statement, RUNS_PASSED_ROLE)}
            for statement in document:
                actions = [*_direct(statement), *_unnamed(statement)]
                if actions:
                    message = f"{', '.join(dict.fromkeys(actions))} gives a way to more permissions"
                    matches.append(RuleMatch(statement.path, message))
                if starts and statement.covers("iam:PassRole"):
                    message = f"iam:PassRole with {', '.join(sorted(starts))} runs code under the passed role"
                    matches.append(RuleMatch(statement.path, message))
        return matches


def _documents(cfn: Template) -> Iterable[list[Any]]:
    """Returns the Allow statements of identity policies, one list for each resource. Its documents act together."""
    by_resource: dict[str, list[Any]] = {}
    for statement in policies.statements(cfn.template):
        if statement.allows and not statement.names_principals and statement.kind not in policies.GUARDRAILS:
            by_resource.setdefault(statement.resource, []).append(statement)
    return by_resource.values()


def _covered(statement: Any, actions: Iterable[str]) -> Iterator[str]:
    """Yields the actions that a statement allows by name or by a pattern. E9813 reports patterns for whole services."""
    patterns = [pattern for pattern in statement.actions() if not re.fullmatch(r"[*?]+|[^:]+:[*?]*\*[*?]*", pattern)]
    narrowed = statement._replace(body={**statement.body, "Action": patterns})
    return (action for action in actions if narrowed.covers(action))


def _direct(statement: Any) -> Iterator[str]:
    bounded = statement.is_bound(BOUNDING_KEYS)
    return (a for a in _covered(statement, CHANGES_PERMISSIONS) if not (bounded and BOUNDABLE.fullmatch(a)))


def _unnamed(statement: Any) -> Iterator[str]:
    bounded = statement.is_bound(BOUNDING_KEYS)
    resources = statement.texts("Resource") if "Resource" in statement.body else ["*"]
    if any(map(UNNAMED.fullmatch, resources)):
        yield from (a for a in _covered(statement, ACTS_AS_OTHERS) if not (bounded and BOUNDABLE.fullmatch(a)))
