"""The deployer: one template set and one parameter file become one reviewed change set.

The only package that talks to AWS. It reads what ``generate.py`` emitted (``templates/``), and never imports the
builders or troposphere: the committed bytes are the contract between the two halves.

Data's way, one module for each step and nothing shared but frozen values::

    settings ── deployment.json, paths ─┐
    parameters ── params/<env>.json ────┤ checked, with the root's rules, every fault at once, before the first call
    templates ── root.yaml + tiers ─────┘
          │  preflight: certificate and prefix lists that they name are in the account
          ▼
    artifacts ── lambda_src, web_src ──> reproducible zips, named by content   (wheels: pip, hash-pinned)
          │
    package ── uploads what the bucket lacks, rewrites TemplateURL             (bootstrap makes the bucket)
          │
    plan ── changesets: nested change set, every page, children followed; validations: what the service warns of
          │  snapshot: what is deployed now, each nested stack with its template, parameters and outputs
          ▼
    plan file (JSON, everything that follows needs nothing else)
          │
    review ── pure: evaluate resolves both sides, compare walks the two trees (difference: where they differ),
          │   replacement knows the schemas, instances what a group does to those that run, stackpolicy what will be
          │   denied; merged with what the service said into certain, possible and noise; render prints it (lines)
          ▼
    review record (the digest of the plan that a person saw)
          │
    execute ── exactly that change set, or a refusal; watch follows the events of the whole tree
          │
    outputs, destroy

The errors form one tree; ``cli`` is the one place that turns an error into a message and an exit code::

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
        ├── StalePlanError     exit code 3: the plan is not the reviewed one, or no longer fits
        ├── ExecutionError     the deployment failed
        ├── DestroyError       the stack could not be deleted, or resources remain
        └── ReplayError        quarantined data or dead letters cannot be replayed

Every call takes the ``Aws`` of ``session``, so tests put botocore's Stubber there, and ``AWS_ENDPOINT_URL`` leads the
same code to the embedded AWS.
"""
