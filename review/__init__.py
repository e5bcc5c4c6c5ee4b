"""What a plan does: compared, judged and printed. A pure function of the plan file.

It makes no call and imports neither botocore nor the deployer, so a review needs no credentials and gives the same result
on every machine. Each stage takes frozen values and returns new ones::

    plan file ── plan_file, codec ──> Plan (model) <── offline ── two template sets, without AWS
       │
       ├─ deployed templates ──┐
       ├─ planned templates ───┴─ compare ──> a Fate for each resource: what the templates alone change
       │                            │         sections: outputs, conditions and so on
       │                            difference, matching: where two values differ; names, replacement, instances, scripts
       │                            attributes, return_values: which values follow a change in place
       │                            schema_facts: what the resource types' schemas say of all this
       └─ change set ────────────────────────> a Change for each resource: what CloudFormation lists
                                    │
                                judgement ──> a Judgement for each resource: certain, possible or noise
                                    │
                                verdict ────> Review (reviewed): each change with its findings, stakes among them
                                    │
                                render ─────> pieces ── formats ──> text, Markdown; formats.document ──> JSON, HTML; SARIF
                                fail_on ────> the exit code of a command

    finding: what a finding is; findings, the sentences that all of these print ─┬─ catalogue ──> docs/rules.md
    examples, a plan for each finding ───────────────────────────────────────────┘

- ``compare`` follows a value from a resource through outputs and parameters into other stacks. An attribute of a changed
  resource counts as unchanged only if that is known. It must not look at the change set, so that the two sources stay
  independent.
- ``judgement`` decides where the two differ. CloudFormation is right about what changes on its own; about a value that comes
  from another stack the comparison knows more. It must not drop a change that only one source has: noise stays listed. It
  overrules CloudFormation only with a note. Where it follows CloudFormation, ``verdict`` has the trees compared again, so
  that other resources follow too.
- ``causes`` explains which resource or parameter makes a change. It must not decide whether something changes.
- ``strength`` says of one changed resource what becomes weaker or stronger, and what an update interrupts. It takes the
  resolved properties of both sides and nothing else. ``holds`` lists the types whose deletion loses something.
- ``access``, a package below all of these, decides whether changed policies allow more than before; ``permissions`` makes
  findings of its answers.
- ``render`` decides nothing. What it prints is in the ``Review``, and so in its JSON. ``formats`` shows every value whole, and
  makes the texts of templates and of AWS harmless in each medium.

The design costs memory: the plan holds every template twice. It costs a table of the attributes that AWS does not describe
for programs. The return is that a nested stack whose sibling changes is not reported as replaced, which CloudFormation's own
change set does.

Errors::

    cfn.errors.ActionableError
    └── ReviewError            exit code 2: a plan cannot be reviewed, nothing was called
        └── PlanError          the plan file is missing, unreadable, or was changed by hand
"""
