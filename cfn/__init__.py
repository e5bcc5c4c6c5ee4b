"""What CloudFormation documents mean: templates, parameter files, rules and stack policies. Makes no call.

The gate, the review and the deployer share it. The errors form one tree::

    ActionableError            what is wrong, what to do next, the exit code
    └── DocumentError          exit code 2: a document is wrong, nothing was called
        ├── TemplateError      a template cannot be read or does not fit the others
        └── ParameterError     a parameter file has faults

``review.errors.ReviewError`` and ``deploy.errors.DeployError`` derive from ``ActionableError`` too.
"""
