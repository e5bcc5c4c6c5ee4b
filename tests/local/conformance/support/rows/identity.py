"""IAM, STS and KMS: who may do what, and with which key."""

from __future__ import annotations

from tests.local.conformance.support.row import DOCS, Difference, Row, Table

_IAM = f"{DOCS}IAM/latest/UserGuide/"
_STS = f"{DOCS}STS/latest/APIReference/"
_KMS = f"{DOCS}kms/latest/developerguide/"
_KMS_API = f"{DOCS}kms/latest/APIReference/"
_LOGIC = f"{_IAM}reference_policies_evaluation-logic.html"
_OPERATORS = f"{_IAM}reference_policies_elements_condition_operators.html"
_KEYS = f"{_IAM}reference_policies_condition-keys.html"
_ROLE, _POLICY, _KEY = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::KMS::Key"

IAM = Table(
    "IAM and STS",
    (
        Row("without_allow_a_call_is_denied", "A call that no policy allows is denied.", _LOGIC, types=(_ROLE,)),
        Row(
            "explicit_deny_wins",
            "A statement that denies wins over every statement that allows.",
            _LOGIC,
            types=(_ROLE,),
        ),
        Row(
            "managed_policy_counts_like_an_inline_one",
            "A managed policy that is attached to a role allows what it says.",
            f"{_IAM}access_policies_managed-vs-inline.html",
            types=(_POLICY, _ROLE),
        ),
        Row(
            "resource_element_limits_the_allow",
            "An Allow for one resource allows nothing on another one.",
            f"{_IAM}reference_policies_elements_resource.html",
        ),
        Row(
            "action_wildcard_matches_within_its_service",
            "``sqs:Get*`` allows the actions that begin so, and no others.",
            f"{_IAM}reference_policies_elements_action.html",
        ),
        Row(
            "wildcard_in_an_arn_matches_a_prefix",
            "A wildcard in a resource's ARN matches any characters, also slashes.",
            f"{_IAM}reference_policies_elements_resource.html",
        ),
        Row("string_equals_is_case_sensitive", "StringEquals compares with case.", _OPERATORS),
        Row(
            "missing_key_fails_a_condition",
            "A condition whose key is not in the request does not match, so the Allow does not count.",
            _OPERATORS,
        ),
        Row("if_exists_passes_a_missing_key", "With IfExists, a key that is not in the request matches.", _OPERATORS),
        Row(
            "negated_operator_matches_a_missing_key",
            "StringNotEquals matches if the key is not in the request, so such a Deny counts.",
            _OPERATORS,
        ),
        Row("arn_like_matches_parts_with_wildcards", "ArnLike takes wildcards in each of the six parts.", _OPERATORS),
        Row(
            "several_values_are_alternatives",
            "Several values of a key are alternatives; several keys must all match.",
            f"{_IAM}reference_policies_multi-value-conditions.html",
        ),
        Row(
            "secure_transport_is_true_over_tls",
            "aws:SecureTransport is true for a request over TLS, so that a Deny for false does not hit it.",
            f"{_KEYS}#condition-keys-securetransport",
        ),
        Row(
            "principal_account_is_the_callers",
            "aws:PrincipalAccount is the account of the caller.",
            f"{_KEYS}#condition-keys-principalaccount",
        ),
        Row(
            "resource_account_is_the_owners",
            "aws:ResourceAccount is the account that owns the resource.",
            f"{_KEYS}#condition-keys-resourceaccount",
        ),
        Row(
            "requested_region_is_the_endpoints",
            "aws:RequestedRegion is the region that the request was made to.",
            f"{_KEYS}#condition-keys-requestedregion",
        ),
        Row(
            "principal_arn_of_a_session_is_the_role",
            "aws:PrincipalArn of an assumed role is the ARN of the role, not of the session.",
            f"{_KEYS}#condition-keys-principalarn",
        ),
        Row(
            "principal_arn_of_a_user_is_its_own",
            "aws:PrincipalArn of a user is the ARN of the user, with its path.",
            f"{_KEYS}#condition-keys-principalarn",
        ),
        Row(
            "principal_arn_takes_patterns",
            "ArnLike compares aws:PrincipalArn with a pattern of paths and names, as those of Identity Center need it.",
            f"{_KEYS}#condition-keys-principalarn",
        ),
        Row(
            "session_without_mfa_is_no_match",
            "Bool true for aws:MultiFactorAuthPresent does not match a session that was opened without MFA.",
            f"{_KEYS}#condition-keys-multifactorauthpresent",
            calls=("sts.assume_role",),
        ),
        Row(
            "access_key_has_no_mfa_key",
            "A request with a user's access key lacks aws:MultiFactorAuthPresent: Bool does not match it, "
            "BoolIfExists does.",
            f"{_KEYS}#condition-keys-multifactorauthpresent",
        ),
        Row(
            "resource_policy_alone_suffices_within_the_account",
            "Within one account, an Allow in the resource's policy for the role suffices without one in the role's policies.",
            f"{_IAM}access_policies_identity-vs-resource.html",
            types=("AWS::S3::BucketPolicy",),
        ),
        Row(
            "deny_in_a_resource_policy_wins",
            "A Deny in the resource's policy wins over an Allow in the role's.",
            _LOGIC,
            types=("AWS::S3::BucketPolicy",),
        ),
        Row(
            "trust_policy_names_who_may_assume",
            "AssumeRole fails for a principal that the trust policy does not name, whatever its own policies allow.",
            f"{_IAM}id_roles_terms-and-concepts.html",
            types=(_ROLE,),
            calls=("sts.assume_role",),
        ),
        Row(
            "trust_policy_conditions_count",
            "A condition of the trust policy, such as sts:ExternalId, must match.",
            f"{_IAM}id_roles_create_for-user_externalid.html",
            types=(_ROLE,),
            calls=("sts.assume_role",),
        ),
        Row(
            "assuming_needs_permission_too",
            "Where the trust policy names the account, the caller's own policies must allow sts:AssumeRole as well.",
            f"{_IAM}id_roles_use_permissions-to-switch.html",
            types=(_ROLE,),
            calls=("sts.assume_role",),
        ),
        Row(
            "session_policy_intersects",
            "A session may do what both the role's policies and the session policy allow.",
            f"{_IAM}access_policies.html#policies_session",
            calls=("sts.assume_role",),
        ),
        Row(
            "session_has_the_assumed_role_arn",
            "GetCallerIdentity of a session gives arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, and needs no permission.",
            f"{_STS}API_GetCallerIdentity.html",
            calls=("sts.get_caller_identity", "sts.assume_role"),
        ),
        Row(
            "unknown_access_key_is_rejected",
            "A call with an access key that does not exist is InvalidClientTokenId.",
            f"{_STS}CommonErrors.html",
            calls=("sts.get_caller_identity",),
        ),
        Row(
            "role_with_policies_cannot_be_deleted",
            "DeleteRole of a role with policies is DeleteConflict; CloudFormation detaches them first.",
            f"{DOCS}IAM/latest/APIReference/API_DeleteRole.html",
            types=(_ROLE,),
        ),
        Row(
            "role_name_is_unique",
            "CreateRole of a name that the account has is EntityAlreadyExists, also under another path or in "
            "other case.",
            f"{DOCS}IAM/latest/APIReference/API_CreateRole.html",
            types=(_ROLE,),
            calls=("iam.create_role",),
        ),
        Row(
            "missing_role_is_not_found",
            "GetRole of a role that does not exist is NoSuchEntity.",
            f"{DOCS}IAM/latest/APIReference/API_GetRole.html",
            types=(_ROLE,),
            calls=("iam.get_role",),
        ),
        Row(
            "inline_policy_is_replaced_by_name",
            "PutRolePolicy replaces the inline policy of the same name and leaves the others.",
            f"{DOCS}IAM/latest/APIReference/API_PutRolePolicy.html",
            types=(_ROLE,),
            calls=("iam.put_role_policy",),
        ),
        Row(
            "instance_profile_carries_its_role",
            "An instance profile contains the role that instances get.",
            f"{_IAM}id_roles_use_switch-role-ec2_instance-profiles.html",
            types=("AWS::IAM::InstanceProfile",),
        ),
        Row(
            "service_linked_role_has_a_fixed_name",
            "The service chooses name and path of its service-linked role; a custom suffix follows an underscore.",
            f"{DOCS}autoscaling/ec2/userguide/autoscaling-service-linked-role.html",
            types=("AWS::IAM::ServiceLinkedRole",),
        ),
    ),
)

KMS = Table(
    "KMS",
    (
        Row(
            "decryption_needs_the_same_context",
            "Decrypt fails unless it gets the encryption context of the encryption.",
            f"{_KMS}concepts.html#encrypt_context",
            types=(_KEY,),
        ),
        Row(
            "key_policy_must_allow",
            "A role's own policy allows nothing on a key whose policy neither names the role nor the account.",
            f"{_KMS}key-policies.html",
            types=(_KEY,),
        ),
        Row(
            "key_policy_may_delegate_to_iam",
            "A key policy that allows the account lets IAM policies decide.",
            f"{_KMS}key-policy-default.html",
            types=(_KEY,),
        ),
        Row(
            "key_policy_context_condition_counts",
            "kms:EncryptionContext:KEY in a key policy compares with the request's context.",
            f"{_KMS}conditions-kms.html",
            types=(_KEY,),
        ),
        Row(
            "via_service_excludes_direct_calls",
            "A statement with kms:ViaService does not allow direct calls of KMS.",
            f"{_KMS}conditions-kms.html",
            types=(_KEY,),
        ),
        Row(
            "caller_account_is_the_callers",
            "kms:CallerAccount is the account of the caller.",
            f"{_KMS}conditions-kms.html",
            types=(_KEY,),
        ),
        Row(
            "grant_allows_its_grantee",
            "A grant allows its grantee the operations that it lists, without a policy.",
            f"{_KMS}grants.html",
            types=(_KEY,),
        ),
        Row(
            "grant_constraint_limits_the_context",
            "A grant with EncryptionContextEquals allows nothing with another context.",
            f"{_KMS}grants.html",
            types=(_KEY,),
        ),
        Row(
            "revoked_grant_allows_nothing",
            "After RevokeGrant the grantee may no longer do what the grant allowed.",
            f"{_KMS_API}API_RevokeGrant.html",
            types=(_KEY,),
        ),
        Row(
            "key_rotates_and_keeps_decrypting",
            "With EnableKeyRotation the key reports its rotation; ciphertexts stay readable.",
            f"{_KMS}rotate-keys.html",
            types=(_KEY,),
        ),
        Row(
            "alias_names_a_key",
            "A key can be called by its alias.",
            f"{_KMS}kms-alias.html",
            types=("AWS::KMS::Alias",),
        ),
        Row(
            "unknown_alias_is_not_found",
            "A call with an alias that does not exist is NotFoundException.",
            f"{_KMS_API}API_DescribeKey.html",
            types=("AWS::KMS::Alias",),
            calls=("kms.describe_key",),
        ),
        Row(
            "disabled_key_is_unusable",
            "A disabled key neither encrypts nor decrypts until it is enabled again: DisabledException.",
            f"{_KMS}enabling-keys.html",
            types=(_KEY,),
            calls=("kms.describe_key",),
        ),
        Row(
            "deleted_key_waits_and_is_unusable",
            "A key whose stack is deleted is PendingDeletion for PendingWindowInDays, and Encrypt is "
            "KMSInvalidStateException.",
            f"{_KMS}deleting-keys.html",
            types=(_KEY,),
            calls=("kms.describe_key",),
        ),
        Row(
            "object_needs_decrypt_permission",
            "A reader of an object that is encrypted with SSE-KMS needs kms:Decrypt on its key.",
            f"{DOCS}AmazonS3/latest/userguide/UsingKMSEncryption.html",
            types=(_KEY,),
            calls=("s3.get_object",),
            difference=Difference(
                "S3 reads and writes objects under SSE-KMS without asking the key.",
                "That a role's permissions on the keys of buckets are complete, or that a missing one would stop it.",
            ),
        ),
    ),
)
