"""What a plan does, judged and printed. Makes no call.

The errors form one tree::

    cfn.errors.ActionableError
    └── ReviewError            exit code 2: a plan cannot be reviewed, nothing was called
        └── PlanError          the plan file is missing, unreadable, or was changed by hand
"""
