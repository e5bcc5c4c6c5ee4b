"""CloudFormation: change sets, order, rollback, protection, templates, custom resources."""

from __future__ import annotations

from tests.local.conformance.support.row import CLOUDFORMATION, CLOUDFORMATION_API, Difference, Row, Table

_STACK = "AWS::CloudFormation::Stack"
_CUSTOM = (
    "Custom::EmptyBucket",
    "Custom::DatabaseMigration",
    "Custom::ClosedDefaultSecurityGroup",
    "Custom::ApiKeyEntitlement",
)
_REQUESTS = f"{CLOUDFORMATION}crpg-ref-requests.html"
_RESPONSES = f"{CLOUDFORMATION}crpg-ref-responses.html"
_CUSTOM_RESOURCE = f"{CLOUDFORMATION}aws-resource-cloudformation-customresource.html"
_PARAMETERS = f"{CLOUDFORMATION}parameters-section-structure.html"
_UPDATES = f"{CLOUDFORMATION}using-cfn-updating-stacks-update-behaviors.html"

TABLE = Table(
    "CloudFormation",
    (
        # -- change sets
        Row(
            "change_set_of_a_new_stack_waits_in_review",
            "A change set of type CREATE creates a stack in REVIEW_IN_PROGRESS without resources.",
            f"{CLOUDFORMATION_API}API_CreateChangeSet.html",
            calls=("cloudformation.create_change_set", "cloudformation.describe_stacks"),
        ),
        Row(
            "change_set_of_type_update_needs_a_stack",
            "A change set of type UPDATE for a stack that does not exist is a ValidationError.",
            f"{CLOUDFORMATION_API}API_CreateChangeSet.html",
            calls=("cloudformation.create_change_set",),
        ),
        Row(
            "change_set_without_changes_fails",
            "A change set without changes ends in FAILED, and its reason says that the submitted information didn't contain "
            "changes.",
            "https://github.com/aws/aws-sdk-js/issues/2331",
            calls=("cloudformation.describe_change_set",),
        ),
        Row(
            "change_set_describes_nested_stacks",
            "With IncludeNestedStacks, CloudFormation creates a change set for each nested stack, and the change of the "
            "nested stack names it.",
            f"{CLOUDFORMATION}change-sets-for-nested-stacks.html",
            types=(_STACK,),
            calls=("cloudformation.create_change_set", "cloudformation.describe_change_set"),
            difference=Difference(
                "The change set of the parent lists the nested stack as one change and has no change set for it.",
                "That a nested change set has been seen. The review compares templates itself, so that it does not need one.",
            ),
        ),
        Row(
            "change_set_tells_replacement",
            "A change says whether the resource is replaced: True for a property whose update requires replacement, False "
            "for one that changes in place.",
            f"{CLOUDFORMATION_API}API_ResourceChange.html",
            calls=("cloudformation.describe_change_set",),
        ),
        Row(
            "change_set_shows_property_values",
            "With IncludePropertyValues, the details of a change have the values before and after.",
            f"{CLOUDFORMATION_API}API_ResourceTargetDefinition.html",
            calls=("cloudformation.describe_change_set",),
            difference=Difference(
                "A change names the property and whether it is replaced, without the values before and after.",
                "That the values in a review come from CloudFormation. Here the review takes them from the templates.",
            ),
        ),
        Row(
            "deleted_change_set_cannot_be_executed",
            "After DeleteChangeSet, DescribeChangeSet and ExecuteChangeSet answer ChangeSetNotFound.",
            f"{CLOUDFORMATION_API}API_DeleteChangeSet.html",
            calls=("cloudformation.delete_change_set", "cloudformation.execute_change_set"),
        ),
        Row(
            "execution_deletes_other_change_sets",
            "When a change set is executed, CloudFormation deletes all other change sets of the stack, because they no "
            "longer fit.",
            f"{CLOUDFORMATION_API}API_ExecuteChangeSet.html",
            calls=("cloudformation.execute_change_set", "cloudformation.list_change_sets"),
        ),
        Row(
            "change_set_executes_once",
            "A change set that was executed cannot be executed again.",
            f"{CLOUDFORMATION_API}API_ExecuteChangeSet.html",
            calls=("cloudformation.execute_change_set",),
        ),
        Row(
            "roles_need_a_capability",
            "A template with IAM resources is rejected with InsufficientCapabilities unless the caller acknowledges them.",
            f"{CLOUDFORMATION_API}API_CreateChangeSet.html",
            calls=("cloudformation.create_change_set",),
        ),
        Row(
            "large_template_body_is_rejected",
            "A template body of more than 51,200 bytes is rejected; a larger one comes from S3.",
            f"{CLOUDFORMATION}cloudformation-limits.html",
            calls=("cloudformation.create_change_set",),
        ),
        Row(
            "change_set_events_report_validation",
            "A change set that would create a resource under a name in use fails, and DescribeEvents gives the resource and the "
            "reason before any execution.",
            f"{CLOUDFORMATION}validate-stack-deployments.html",
            calls=("cloudformation.describe_events",),
            difference=Difference(
                "Nothing is validated before the execution: the change set succeeds, and its one event, a success, is made up.",
                "That a change set without findings has been validated. A name in use shows only when the stack is created.",
            ),
        ),
        # -- order
        Row(
            "ref_orders_creation",
            "A resource that refers to another one is created after it.",
            f"{CLOUDFORMATION}aws-attribute-dependson.html",
        ),
        Row(
            "depends_on_orders_creation",
            "A resource with DependsOn is created after the resource that it names.",
            f"{CLOUDFORMATION}aws-attribute-dependson.html",
        ),
        Row(
            "deletion_reverses_the_order",
            "CloudFormation deletes a resource with DependsOn before the resource that it names.",
            f"{CLOUDFORMATION}aws-attribute-dependson.html",
            calls=("cloudformation.delete_stack",),
        ),
        Row(
            "circular_dependency_is_rejected",
            "A template whose resources depend on each other in a circle is a ValidationError.",
            f"{CLOUDFORMATION}troubleshooting.html",
        ),
        Row(
            "unknown_reference_is_rejected",
            "A Ref to a name that the template does not have is a ValidationError before anything is created.",
            f"{CLOUDFORMATION}intrinsic-function-reference-ref.html",
        ),
        Row(
            "unknown_resource_type_is_rejected",
            "A template with an unknown resource type creates nothing.",
            f"{CLOUDFORMATION}resources-section-structure.html",
        ),
        # -- failure
        Row(
            "failed_creation_rolls_back",
            "If a resource cannot be created, CloudFormation deletes the others, and the stack ends in ROLLBACK_COMPLETE.",
            f"{CLOUDFORMATION}using-cfn-describing-stacks.html",
            calls=("cloudformation.describe_stack_events",),
        ),
        Row(
            "rolled_back_stack_can_only_be_deleted",
            "A stack in ROLLBACK_COMPLETE cannot be updated.",
            f"{CLOUDFORMATION}using-cfn-describing-stacks.html",
            calls=("cloudformation.delete_stack",),
        ),
        Row(
            "failed_update_restores_former_properties",
            "If an update fails, CloudFormation restores the former template and parameters, and the stack ends in "
            "UPDATE_ROLLBACK_COMPLETE.",
            f"{CLOUDFORMATION}using-cfn-describing-stacks.html",
        ),
        Row(
            "failed_nested_stack_rolls_back_its_siblings",
            "If one nested stack fails to update, its parent rolls the other nested stacks back.",
            f"{CLOUDFORMATION}using-cfn-nested-stacks.html",
            types=(_STACK,),
        ),
        Row(
            "failed_nested_stack_names_its_reason",
            "The event of a nested stack that failed carries the reason of the resource that failed in it.",
            f"{CLOUDFORMATION}troubleshooting.html",
            types=(_STACK,),
            calls=("cloudformation.describe_stack_events",),
        ),
        Row(
            "deletion_of_a_full_bucket_fails",
            "CloudFormation does not delete a bucket with objects. The stack ends in DELETE_FAILED.",
            f"{CLOUDFORMATION}troubleshooting.html",
            types=("AWS::S3::Bucket",),
            calls=("cloudformation.delete_stack",),
        ),
        Row(
            "deletion_of_no_stack_succeeds",
            "DeleteStack of a stack that does not exist is no error.",
            f"{CLOUDFORMATION_API}API_DeleteStack.html",
            calls=("cloudformation.delete_stack",),
        ),
        # -- update and replacement
        Row(
            "replacement_comes_before_deletion",
            "CloudFormation creates the replacement first, changes the references to it, and deletes the old resource in "
            "the cleanup.",
            _UPDATES,
        ),
        Row(
            "update_in_place_keeps_the_physical_id",
            "An update without replacement keeps the resource's physical id.",
            _UPDATES,
        ),
        Row(
            "deletion_policy_retains",
            "A resource with DeletionPolicy Retain outlives its stack, and its event says DELETE_SKIPPED.",
            f"{CLOUDFORMATION}aws-attribute-deletionpolicy.html",
            calls=("cloudformation.describe_stack_events",),
        ),
        Row(
            "deletion_policy_covers_removal_from_the_template",
            "DeletionPolicy Retain also keeps a resource that an update removes from the template.",
            f"{CLOUDFORMATION}aws-attribute-deletionpolicy.html",
        ),
        Row(
            "update_replace_policy_retains",
            "A resource with UpdateReplacePolicy Retain stays when an update replaces it.",
            f"{CLOUDFORMATION}aws-attribute-updatereplacepolicy.html",
        ),
        # -- protection
        Row(
            "stack_policy_denies_updates",
            "An update of a resource that the stack policy denies fails, and the resource stays as it was.",
            f"{CLOUDFORMATION}protect-stack-resources.html",
            calls=("cloudformation.set_stack_policy", "cloudformation.get_stack_policy"),
        ),
        Row(
            "stack_policy_protects_all_by_default",
            "With a stack policy, every resource that no statement allows is protected.",
            f"{CLOUDFORMATION}protect-stack-resources.html",
            calls=("cloudformation.set_stack_policy",),
        ),
        Row(
            "termination_protection_prevents_deletion",
            "DeleteStack of a stack with termination protection is a ValidationError.",
            f"{CLOUDFORMATION}using-cfn-protect-stacks.html",
            calls=("cloudformation.update_termination_protection", "cloudformation.delete_stack"),
        ),
        # -- templates
        Row(
            "false_condition_leaves_out_resources_and_outputs",
            "Resources and outputs with a false condition do not exist.",
            f"{CLOUDFORMATION}conditions-section-structure.html",
        ),
        Row(
            "reference_to_a_left_out_resource_is_rejected",
            "A Ref to a resource whose condition is false is an unresolved dependency, unless the Ref has the "
            "condition too.",
            "https://github.com/aws-solutions/media-insights-on-aws/issues/145",
        ),
        Row(
            "no_value_removes_a_property",
            "AWS::NoValue in Fn::If removes the property.",
            f"{CLOUDFORMATION}pseudo-parameter-reference.html",
        ),
        Row(
            "sub_replaces_names_and_keeps_literals",
            "Fn::Sub replaces parameters, attributes and pseudo parameters, and ``${!Literal}`` becomes ``${Literal}``.",
            f"{CLOUDFORMATION}intrinsic-function-reference-sub.html",
        ),
        Row(
            "list_functions_compose",
            "Fn::Join, Fn::Split, Fn::Select and Fn::GetAZs may contain each other.",
            f"{CLOUDFORMATION}intrinsic-function-reference-select.html",
        ),
        Row(
            "find_in_map_looks_up_by_parameter",
            "Fn::FindInMap takes a key from a parameter.",
            f"{CLOUDFORMATION}intrinsic-function-reference-findinmap.html",
        ),
        Row(
            "base64_encodes",
            "Fn::Base64 gives the Base64 form of a string, as user data needs it.",
            f"{CLOUDFORMATION}intrinsic-function-reference-base64.html",
        ),
        Row(
            "rule_assertion_stops_the_operation",
            "If an assertion of a rule is false, CloudFormation creates nothing and gives its description.",
            f"{CLOUDFORMATION}rules-section-structure.html",
        ),
        Row(
            "rule_applies_under_its_condition",
            "A rule with RuleCondition asserts only if the condition is true.",
            f"{CLOUDFORMATION}rules-section-structure.html",
        ),
        Row(
            "rule_contains_compares_with_a_list",
            "Fn::Contains in an assertion is true if the list has the value.",
            f"{CLOUDFORMATION}intrinsic-function-reference-rules.html",
        ),
        Row(
            "parameter_pattern_is_checked",
            "A value that does not match AllowedPattern is a ValidationError with the ConstraintDescription.",
            _PARAMETERS,
        ),
        Row(
            "parameter_allowed_values_are_checked",
            "A value that is not among AllowedValues is a ValidationError.",
            _PARAMETERS,
        ),
        Row(
            "parameter_without_value_is_rejected",
            "A parameter without default and without value is a ValidationError that names the parameter.",
            _PARAMETERS,
        ),
        Row(
            "parameter_length_is_checked",
            "MinLength and MaxLength bound the characters of a parameter.",
            _PARAMETERS,
        ),
        Row(
            "parameter_number_is_bounded",
            "A parameter of type Number rejects text, and what MinValue and MaxValue exclude.",
            _PARAMETERS,
        ),
        Row(
            "list_pattern_is_checked_for_each_item",
            "AllowedPattern of a CommaDelimitedList must match each of its values.",
            _PARAMETERS,
        ),
        Row(
            "list_reaches_a_nested_stack_joined",
            "A CommaDelimitedList reaches a nested stack as text, by Join with a comma, and is a list again there.",
            f"{CLOUDFORMATION}aws-resource-cloudformation-stack.html",
            types=(_STACK,),
        ),
        Row(
            "no_echo_masks_the_value",
            "DescribeStacks shows asterisks for a parameter with NoEcho.",
            _PARAMETERS,
            calls=("cloudformation.describe_stacks",),
        ),
        Row(
            "ssm_parameter_resolves",
            "A parameter of an SSM type has the name as its value; Ref gives the resolved value, which DescribeStacks shows "
            "beside it.",
            _PARAMETERS,
        ),
        Row(
            "previous_value_stays",
            "UsePreviousValue keeps the parameter's value of the last operation, whatever the default.",
            f"{CLOUDFORMATION_API}API_Parameter.html",
        ),
        Row(
            "secret_reference_resolves_and_stays_hidden",
            "A dynamic reference to a secret is resolved for the resource. The template shows the reference.",
            f"{CLOUDFORMATION}dynamic-references.html",
            calls=("cloudformation.get_template",),
        ),
        Row(
            "outputs_follow_updates",
            "DescribeStacks gives the outputs, and after an update their new values.",
            f"{CLOUDFORMATION}outputs-section-structure.html",
            calls=("cloudformation.describe_stacks",),
        ),
        Row(
            "export_name_is_unique",
            "Two stacks of an account and region cannot export the same name.",
            f"{CLOUDFORMATION}using-cfn-stack-exports.html",
        ),
        Row(
            "imported_export_cannot_go",
            "A stack whose export another stack imports cannot be deleted.",
            f"{CLOUDFORMATION}using-cfn-stack-imports.html",
        ),
        # -- nested stacks and reading
        Row(
            "nested_outputs_reach_the_parent",
            "Fn::GetAtt with Outputs.NAME gives the output of a nested stack.",
            f"{CLOUDFORMATION}aws-properties-stack.html",
            types=(_STACK,),
        ),
        Row(
            "nested_stack_knows_parent_and_root",
            "DescribeStacks of a nested stack gives ParentId and RootId.",
            f"{CLOUDFORMATION}using-cfn-nested-stacks.html",
            types=(_STACK,),
            calls=("cloudformation.describe_stacks",),
        ),
        Row(
            "stack_tags_reach_nested_resources",
            "The tags of a stack reach the resources of its nested stacks.",
            f"{CLOUDFORMATION}aws-properties-resource-tags.html",
            types=(_STACK,),
        ),
        Row(
            "get_template_is_the_original",
            "GetTemplate with stage Original gives the text that was submitted, also for a change set.",
            f"{CLOUDFORMATION_API}API_GetTemplate.html",
            calls=("cloudformation.get_template",),
        ),
        Row(
            "stack_resources_are_listed",
            "ListStackResources gives logical and physical id, type and status of each resource.",
            f"{CLOUDFORMATION_API}API_ListStackResources.html",
            calls=("cloudformation.list_stack_resources",),
        ),
        Row(
            "stack_resource_is_found_by_its_logical_id",
            "DescribeStackResource gives the physical id of a logical id; an unknown one is a ValidationError.",
            f"{CLOUDFORMATION_API}API_DescribeStackResource.html",
            calls=("cloudformation.describe_stack_resource",),
        ),
        Row(
            "stack_events_are_newest_first",
            "DescribeStackEvents gives the events in reverse order of time; the last one of an operation is the stack's own.",
            f"{CLOUDFORMATION_API}API_DescribeStackEvents.html",
            calls=("cloudformation.describe_stack_events",),
        ),
        Row(
            "deleted_stack_is_found_by_its_id",
            "A deleted stack is described by its id, and not by its name. ListStacks shows it with its status.",
            f"{CLOUDFORMATION_API}API_DescribeStacks.html",
            calls=("cloudformation.describe_stacks", "cloudformation.list_stacks"),
        ),
        # -- custom resources
        Row(
            "custom_resource_request_has_all_fields",
            "The function gets RequestType, ResponseURL, StackId, RequestId, ResourceType, LogicalResourceId and "
            "ResourceProperties.",
            _REQUESTS,
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_data_is_an_attribute",
            "Fn::GetAtt gives the values of the answer's Data, and Ref its PhysicalResourceId.",
            _RESPONSES,
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_update_has_old_properties",
            "An Update request has OldResourceProperties and the PhysicalResourceId.",
            f"{CLOUDFORMATION}crpg-ref-requesttypes-update.html",
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_with_a_new_id_deletes_the_old_one",
            "If the answer to Update has another PhysicalResourceId, CloudFormation sends Delete for the old one in the "
            "cleanup.",
            f"{CLOUDFORMATION}crpg-ref-requesttypes-update.html",
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_is_deleted_with_the_stack",
            "Deletion of the stack sends Delete with the PhysicalResourceId.",
            f"{CLOUDFORMATION}crpg-ref-requesttypes-delete.html",
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_failure_gives_its_reason",
            "The answer FAILED fails the resource, and its Reason is in the event.",
            _RESPONSES,
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_without_answer_times_out",
            "If the function gives no answer within ServiceTimeout, the resource fails.",
            _CUSTOM_RESOURCE,
            types=_CUSTOM,
        ),
        Row(
            "custom_resource_crash_waits_for_the_timeout",
            "A function that crashes has given no answer: the stack waits until ServiceTimeout.",
            f"{CLOUDFORMATION}template-custom-resources.html",
            types=_CUSTOM,
            difference=Difference(
                "The error of the function is the answer at once, so that a demo does not wait for an hour.",
                "That CloudFormation reports a crash of a custom resource's function within seconds.",
            ),
        ),
        # -- signals
        Row(
            "creation_policy_waits_for_signals",
            "A resource with CreationPolicy is complete when it has as many success signals as Count says.",
            f"{CLOUDFORMATION}aws-attribute-creationpolicy.html",
            types=("AWS::AutoScaling::AutoScalingGroup",),
        ),
        Row(
            "creation_policy_fails_without_signals",
            "A resource that gets no signal within Timeout fails, and the stack rolls back.",
            f"{CLOUDFORMATION}aws-attribute-creationpolicy.html",
            types=("AWS::AutoScaling::AutoScalingGroup",),
        ),
    ),
)
