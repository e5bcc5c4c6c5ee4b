"""RDS and Aurora."""

from __future__ import annotations

from tests.local.conformance.support.row import CLOUDFORMATION, DOCS, Difference, Row, Table

_AURORA = f"{DOCS}AmazonRDS/latest/AuroraUserGuide/"
_API = f"{DOCS}AmazonRDS/latest/APIReference/"
_CLUSTER, _INSTANCE = "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"

TABLE = Table(
    "RDS and Aurora",
    (
        Row(
            "endpoint_answers_with_tls",
            "The endpoint of a cluster takes connections with TLS whose certificate the RDS authority signed.",
            f"{_AURORA}UsingWithRDS.SSL.html",
            types=(_CLUSTER, _INSTANCE),
        ),
        Row(
            "master_secret_is_managed",
            "With ManageMasterUserPassword, the secret has username and password, and the cluster names it.",
            f"{_AURORA}rds-secrets-manager.html",
            types=(_CLUSTER,),
        ),
        Row(
            "master_password_rotates_on_request",
            "ModifyDBCluster with RotateMasterUserPassword changes secret and database; the old password ends.",
            f"{_AURORA}rds-secrets-manager.html",
            types=(_CLUSTER,),
        ),
        Row(
            "iam_token_opens_a_session",
            "A user with rds_iam logs in with a token, if rds-db:connect allows it.",
            f"{_AURORA}UsingWithRDS.IAMDBAuth.Connecting.Python.html",
            types=(_CLUSTER,),
            calls=("rds.generate_db_auth_token",),
        ),
        Row(
            "token_without_permission_is_rejected",
            "A token of a role without rds-db:connect for the user is rejected.",
            f"{_AURORA}UsingWithRDS.IAMDBAuth.IAMPolicy.html",
            types=(_CLUSTER,),
            calls=("rds.generate_db_auth_token",),
        ),
        Row(
            "iam_user_has_no_password",
            "A user with rds_iam cannot log in with a password.",
            f"{_AURORA}UsingWithRDS.IAMDBAuth.DBAccounts.html",
            types=(_CLUSTER,),
        ),
        Row(
            "plain_connection_is_rejected",
            "With rds.force_ssl, a connection without TLS is rejected.",
            f"{_AURORA}AuroraPostgreSQL.Security.html",
            types=("AWS::RDS::DBClusterParameterGroup",),
        ),
        Row(
            "parameter_group_reaches_the_database",
            "A parameter of the cluster's group is the database's setting.",
            f"{_AURORA}USER_WorkingWithDBClusterParamGroups.html",
            types=("AWS::RDS::DBClusterParameterGroup",),
            difference=Difference(
                "The group and its parameters are stored, and the database keeps its own settings.",
                "That the parameters of the groups work, such as auditing, timeouts and logging.",
            ),
        ),
        Row(
            "instance_parameter_group_is_declared",
            "DescribeDBParameters shows what the group sets.",
            f"{_AURORA}USER_WorkingWithDBInstanceParamGroups.html",
            types=("AWS::RDS::DBParameterGroup",),
        ),
        Row(
            "subnet_group_names_its_zones",
            "The subnet group gives its subnets and the VPC.",
            f"{_API}API_CreateDBSubnetGroup.html",
            types=("AWS::RDS::DBSubnetGroup",),
        ),
        Row(
            "deletion_protection_keeps_the_cluster",
            "A cluster with deletion protection cannot be deleted.",
            f"{_API}API_DeleteDBCluster.html",
            types=(_CLUSTER,),
        ),
        Row(
            "serverless_capacity_is_declared",
            "DescribeDBClusters gives the minimum and maximum capacity as declared.",
            f"{_AURORA}aurora-serverless-v2.setting-capacity.html",
            types=(_CLUSTER,),
        ),
        Row(
            "serverless_capacity_follows_the_load",
            "Aurora Serverless v2 changes its capacity with the load, and pauses at a minimum of 0.",
            f"{_AURORA}aurora-serverless-v2.how-it-works.html",
            types=(_CLUSTER,),
            difference=Difference(
                "The database has what the machine gives it; no capacity is counted, and it never pauses.",
                "What the database costs, how fast it scales, or how long a resume takes.",
            ),
        ),
        Row(
            "engine_version_downgrade_is_rejected",
            "ModifyDBCluster to an older engine version fails.",
            f"{_API}API_ModifyDBCluster.html",
            types=(_CLUSTER,),
        ),
        Row(
            "deleted_cluster_leaves_a_snapshot",
            "With DeletionPolicy Snapshot, the deletion of the stack leaves a snapshot.",
            f"{CLOUDFORMATION}aws-attribute-deletionpolicy.html",
            types=(_CLUSTER,),
        ),
        Row(
            "missing_cluster_is_not_found",
            "DescribeDBClusters of a cluster that does not exist is DBClusterNotFoundFault.",
            f"{_API}API_DescribeDBClusters.html",
            types=(_CLUSTER,),
            calls=("rds.describe_db_clusters",),
        ),
        Row(
            "engine_version_lists_its_upgrade_targets",
            "DescribeDBEngineVersions lists with a version its family and the versions to which it can be upgraded.",
            f"{_API}API_DescribeDBEngineVersions.html",
            types=(_CLUSTER,),
            calls=("rds.describe_db_engine_versions",),
        ),
        Row(
            "cluster_has_a_reader_endpoint",
            "The cluster gives a writer and a reader endpoint and its port.",
            f"{_AURORA}Aurora.Overview.Endpoints.html",
            types=(_CLUSTER,),
        ),
        Row(
            "mysql_cluster_answers_with_tls",
            "An Aurora MySQL cluster takes connections with TLS and the secret's password.",
            f"{_AURORA}UsingWithRDS.SSL.html",
            types=(_CLUSTER,),
        ),
    ),
)
