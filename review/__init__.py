"""What a plan does: compared, judged and printed. A pure function of the plan file.

It makes no call and imports neither botocore nor the deployer, so a review needs no credentials and gives the same result
on every machine. Each stage takes frozen values and returns new ones::

    plan file ── plan_file, codec ──> Plan (model) <── offline ── two template sets, without AWS
       │
       ├─ deployed templates ──┐
       ├─ planned templates ───┴─ compare ──> a Fate for each resource: what the templates alone change
       │                            │         sections: outputs, conditions and so on
       │                            difference: where two values differ; names, replacement, instances, scripts
       └─ change set ────────────────────────> a Change for each resource: what CloudFormation lists
                                    │
                                judgement ──> a Judgement for each resource: certain, possible or noise
                                    │
                                verdict ────> Review (reviewed): each change with its findings, stakes among them
                                    │
                                render, formats ─> text, Markdown, JSON, HTML, SARIF

    finding: what a finding is; findings, the sentences that all of these print ─┬─ catalogue ──> docs/rules.md
    examples, a plan for each finding ───────────────────────────────────────────┘

- ``compare`` follows a value from a resource through outputs and parameters into other stacks. It must not look at the
  change set, so that the two sources stay independent.
- ``judgement`` decides where the two differ. CloudFormation is right about what changes on its own; about a value that comes
  from another stack the comparison knows more. It must not drop a change that only one source has: noise stays listed.
- ``causes`` explains which resource or parameter makes a change. It must not decide whether something changes.
- ``render`` decides nothing. What it prints is in the ``Review``, and so in its JSON.

The design costs memory and time: the plan holds every template twice, and cfn-lint's schemas take two and a half seconds to
load. The return is that a nested stack whose sibling changes is not reported as replaced, which CloudFormation's own change
set does.

Errors::

    cfn.errors.ActionableError
    └── ReviewError            exit code 2: a plan cannot be reviewed, nothing was called
        └── PlanError          the plan file is missing, unreadable, or was changed by hand
"""
