"""What CloudFormation documents mean: templates, parameter files, rules and stack policies.

The gate, the review and the deployer share it; the builders take names and placeholders from it. It makes no call, reads
only the files that a caller names, and imports neither boto3 nor troposphere, nor any other package of the project. So its
result depends on its arguments alone.

- ``templates``: text → plain data with ``Fn::`` long forms, and the templates that a root reaches.
- ``resolve``: plain data and parameter values → the value, or the truth, as far as both are known. The one evaluator of
  conditions, rules and intrinsic functions. It must not guess: what only CloudFormation knows stays a function or
  ``Unknown``.
- ``marks``: whether a value may change while CloudFormation deploys.
- ``text``: values as CloudFormation passes them on, and as a person reads them; ``json_text``: texts that hold JSON.
- ``parameters``, with ``root_rules``: a parameter file and a root template → all faults together.
- ``stack_policy``: a policy and an update → allowed or not.
- ``sarif``: findings in files, as code scanning takes them.
- ``types``: types that the code treats specially.
- ``names``, with ``name_properties.json``: the properties with which a template names resources.

The design costs a second implementation of a part of CloudFormation. The return is that the gate, the plan and the review
find a fault before anything is packaged or called, and that the review can follow a value through nested stacks, which
CloudFormation does not. Where the two could differ (a function that asks the account, a dynamic reference), the answer here
is "unknown" and CloudFormation decides.

Errors::

    ActionableError            what is wrong, what to do next, the exit code
    └── DocumentError          exit code 2: a document is wrong, nothing was called
        ├── TemplateError      a template cannot be read or does not fit the others
        └── ParameterError     a parameter file has faults

``review.errors.ReviewError`` and ``deploy.errors.DeployError`` derive from ``ActionableError`` too.
"""
