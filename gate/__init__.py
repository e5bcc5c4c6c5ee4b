"""The gate: every check that a template set must pass before anything is packaged or deployed.

Five checks, one list of findings (`python -m gate`, or `make lint`):

* `validate` runs cloudformation-validate, AWS's own offline validator, over every template. It answers in a
  fraction of a second, so `--fast` is made for use while working.
* `lint` runs cfn-lint, with the project's own rules in `gate/rules/`, in worker processes. It is the gate proper:
  a finding of any level fails it.
* `parameters` checks the files in `params/` against the parameters of the root template.
* `templates` misses nested templates that are named and not there.
* `configuration` asks for a reason beside every check that `.cfnlintrc` ignores.

Results of the first two are kept by content hash (`cache`), so an unchanged template costs one hash.
"""
