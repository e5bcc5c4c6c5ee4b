"""What CloudFormation documents mean: templates, parameter files, rules and stack policies. Makes no call.

The gate, the review and the deployer share it.
"""
