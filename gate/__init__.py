"""The gate: every check that a template set must pass before the deployer packages it.

Five checks write one list of findings (``python -m gate``, or ``make lint``):

* ``validate`` runs cloudformation-validate, AWS's own offline validator, over every template. It takes a fraction of a
  second, so ``--fast`` runs it without cfn-lint while an author works.
* ``lint`` runs cfn-lint, with the project's own rules in ``gate/rules/``, in worker processes. It is the thorough
  check.
* ``parameters`` checks the files in ``params/`` against the parameters of their root template.
* ``templates`` reports nested templates that do not exist.
* ``configuration`` demands a reason for every check that ``.cfnlintrc`` ignores.

A finding of any level fails the gate. ``docs/rules.md`` lists the project's own rules.

``cache`` keeps the results of the first two by content hash, so an unchanged template costs one hash.

An error is a reason why the gate cannot check. A finding is never an error. The errors (``gate.errors``) form one tree,
and the command line turns each into one message and exit code 2::

    GateError
    ├── UsageError              the command cannot work on its arguments
    │   ├── NoTemplatesError    no template under the given paths
    │   ├── OutsideRootError    a path is outside the root folder
    │   └── ConfigurationError  .cfnlintrc is missing or unreadable
    └── WorkerError             a checking process ended without a result
"""
