"""Planning: a package, a parameter file and an account become a plan.

In: ``PlanInputs`` (deployment, committed templates, template configuration, package) and an ``Aws``. Out: a ``Plan`` with the
change set and the deployed stacks, all that the review and the execution need.

- ``preflight`` reports what AWS would refuse in this account, before anything is packaged.
- ``changesets`` creates the nested change set and reads every page and child; ``validations`` reads its warnings.
- ``snapshot`` reads the deployed stacks.
- ``plan`` puts them together; ``bootstrap`` does so for the stack of the artifact bucket.
- ``freshness`` compares a plan with what is on this disk now.
- ``shared_plans`` stores plans and approvals in the artifact bucket, for other machines.

It must not change a stack. A change set changes nothing until it is executed, and a failed one is deleted; a stack that was
never executed stays in REVIEW_IN_PROGRESS.

The design costs calls: each change set is described twice, and each deployed stack takes four calls. The return is a plan
file that needs no further call to be reviewed, and that shows at execution whether anything changed.
"""
