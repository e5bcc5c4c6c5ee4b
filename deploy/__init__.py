"""The deployer: one template set and one parameter file become one reviewed change set.

The only package that talks to AWS. It reads what ``generate.py`` emitted (``templates/``) and never imports the builders
or troposphere: the committed bytes are the contract between the two halves. What documents mean is in ``cfn``, what a plan
does is in ``review``; both make no call.

One stage after the other, and nothing shared but frozen values::

    settings ──────── deployment.json, paths ─────┐
    cfn.parameters ── params/<env>.json ──────────┤ all faults together, before the first call
    cfn.templates ─── root.yaml and tiers ────────┘
          │
    planning ──── preflight: what AWS would refuse in this account
          │
    packaging ─── artifacts, wheels: reproducible zips named by content; package: uploads, rewritten TemplateURLs
          │
    planning ──── plan: changesets (nested, every page, every child), validations (warnings), snapshot (deployed stacks)
          │
    plan file ─── review ── approval (the digest of the plan that a person allows, and the names of what is blocked)
          │
    execution ─── staleness, execute, watch: exactly that change set; outputs; destroy, remaining
    replaying ─── replay, dead_letters: quarantined data and dead letters, back for processing

Each folder says what goes in, what comes out, what it must not do, and what the design costs. ``commands`` has a module for
each command, which runs the stages. ``cli`` loads that module and turns an error into a message and an exit code. Every call
takes the ``Aws`` of ``session``, so tests put botocore's Stubber there, and ``AWS_ENDPOINT_URL`` sends the same code to the
embedded AWS.

Errors::

    cfn.errors.ActionableError
    └── DeployError            exit code 1
        ├── UsageError         exit code 2: the command line or a file that it names is wrong, nothing was called
        │   └── SettingsError  deployment.json
        ├── AccountError       the account lacks what the parameters name
        ├── ArtifactError      a function or service cannot be packaged
        ├── AccessError        AWS cannot be reached or rejects the caller
        ├── BootstrapError     the artifact bucket
        ├── StackStateError    the command cannot start from this state
        ├── ChangeSetError     CloudFormation could not create the change set
        ├── StalePlanError     exit code 3: the plan is not the approved one, or no longer fits
        ├── BlockedError       exit code 5: a blocked change was not allowed by its name
        ├── ExecutionError     the deployment failed
        ├── DestroyError       the stack could not be deleted, or resources remain
        └── ReplayError        quarantined data or dead letters cannot be replayed
"""
