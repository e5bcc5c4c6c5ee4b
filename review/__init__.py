"""What a plan does: compared, judged and printed. A pure function of the plan file.

It makes no call and imports neither botocore nor the deployer, so a review needs no credentials and gives the same result
on every machine. Each stage is a folder that takes frozen values and returns new ones::

    plan ─────────> Plan: from a plan file, or from two template sets without AWS
      │
      ├─ deployed templates ──┐
      ├─ planned templates ───┴─ comparison ──> a Fate for each resource: what the templates alone change
      │                                │
      └─ change set ──────────────> judgement ──> Review: each change, certain, possible or noise, with its findings
                                       │
                                    formats ────> text, Markdown, JSON, HTML, SARIF

What these stages ask:

- ``resource_types``: what is known of a type: what replaces a resource, which values follow, what holds data.
- ``strength``: what of one changed resource becomes weaker or stronger, and what an update interrupts. It takes the resolved
  properties of both sides and nothing else.
- ``access``: whether changed policies allow more than before.
- ``findings``: the sentences that all of these print, and ``examples``, a plan for each of them; both make docs/rules.md.

The docstring of each folder lists its modules. Four rules divide the work:

- ``comparison`` follows a value from a resource through outputs and parameters into other stacks. An attribute of a changed
  resource counts as unchanged only if that is known. It must not look at the change set, so that the two sources stay
  independent.
- ``judgement`` decides where the two differ. CloudFormation is right about what changes on its own; about a value that comes
  from another stack the comparison knows more. It must not drop a change that only one source has: noise stays listed. It
  overrules CloudFormation only with a note. Where it follows CloudFormation, ``judgement.verdict`` has the trees compared
  again, so that other resources follow too.
- ``judgement.causes`` explains which resource or parameter makes a change. It must not decide whether something changes.
- ``formats`` decides nothing: what it prints is in the ``Review``. It shows every value whole, and makes the texts of
  templates and of AWS harmless in each medium.

The design costs memory: the plan holds every template twice. It costs a table of the attributes that AWS does not describe
for programs. The return is that a nested stack whose sibling changes is not reported as replaced, which CloudFormation's own
change set does.

Errors::

    cfn.errors.ActionableError
    └── ReviewError            exit code 2: a plan cannot be reviewed, nothing was called
        └── PlanError          the plan file is missing, unreadable, or was changed by hand
"""
