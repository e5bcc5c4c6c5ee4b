"""The commands of ``python -m deploy``, and the one place where an error becomes a message and an exit code.

Exit codes: 0 success, or nothing to do; 1 AWS rejected a call, or something remains; 2 the command, a file or a parameter
is wrong and nothing was called; 3 the plan is rejected because something changed; 130 interrupted.
"""

from __future__ import annotations

import getpass
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cfn.errors import ActionableError
from cfn.parameters import load_parameters, with_defaults
from cfn.templates import CommittedTemplates, load_templates
from cfn.text import visible, visible_lines
from deploy.arguments import build_parser
from deploy.errors import DestroyError, ReplayError, UsageError
from deploy.execution.destroy import DestroyResult, destroy_stack, require_unprotected
from deploy.execution.execute import execute_plan
from deploy.execution.outputs import outputs_json, outputs_text, read_output_values, read_outputs
from deploy.packaging.package import Package, bucket_name, build_package
from deploy.planning.bootstrap import STACK_NAME, plan_artifact_bucket
from deploy.planning.changesets import delete_change_set
from deploy.planning.plan import PlanInputs, change_set_kind, create_plan
from deploy.planning.preflight import check_account
from deploy.planning.snapshot import describe_stack
from deploy.replaying.replay import Backlog, ReplayResult, backlog_text, find_backlog, replay_backlog
from deploy.session import Aws, explain
from deploy.settings import Deployment, Project, load_deployment, protecting_rows
from review.codec import encode
from review.errors import PlanError
from review.model import Plan
from review.plan_file import ReviewRecord, load_plan, load_record, plan_digest, save_plan, save_record
from review.render import plan_summary, review_json, review_markdown, review_text
from review.verdict import Review, judge_plan

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, *, project: Project | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; those of the process by default.
        project: The project; this checkout by default.

    Returns:
        The exit code.
    """
    arguments = build_parser().parse_args(argv)
    project = project or Project(Path(__file__).resolve().parent.parent)
    try:
        return COMMANDS[arguments.command](arguments, project)
    except ActionableError as error:
        return _fail(error)
    except (ClientError, BotoCoreError) as error:
        return _fail(explain(error, project.root))
    except KeyboardInterrupt:
        _progress("\nInterrupted. Operations that started in AWS continue; repeat the command to follow them.")
        return INTERRUPTED


def _fail(error: ActionableError) -> int:
    _progress(f"error: {error}")
    return error.exit_code


def _say(text: str) -> None:
    """Print lines to stdout. No text of a template or of AWS reaches the terminal as anything but text."""
    print(visible_lines(text), flush=True)


def _progress(text: str) -> None:
    """Print lines to stderr, so that ``--json`` leaves stdout to the program that reads it."""
    print(visible_lines(text), file=sys.stderr, flush=True)


# ---- bootstrap ------------------------------------------------------------------------------------------------------


def _bootstrap(arguments: Namespace, project: Project) -> int:
    aws = Aws(_region(arguments, project), arguments.profile)
    plan = plan_artifact_bucket(aws, bucket=arguments.bucket)
    _say(review_text(judge_plan(plan), detailed=True))
    if not plan.unchanged and not _confirm(arguments, f"Create the artifact bucket {plan.bucket}?", "yes"):
        return 1
    outcome = execute_plan(aws, plan, _record(plan), _progress)
    if outcome is not None:
        _say(f"{plan.stack}: {outcome.status}. The artifact bucket is {plan.bucket}.")
    return 0


# ---- package and plan -----------------------------------------------------------------------------------------------


def _package(arguments: Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    templates = load_templates(project.templates(deployment.platform))
    package = _built_package(arguments, project, aws, templates)
    _say(json.dumps(encode(package), indent=2, sort_keys=True) if arguments.json else _package_text(package))
    return 0


def _built_package(arguments: Namespace, project: Project, aws: Aws, templates: CommittedTemplates) -> Package:
    host = arguments.wheels == "host"
    return build_package(aws, project, arguments.platform, templates, bucket=arguments.bucket, host=host)


def _package_text(package: Package) -> str:
    lines = [
        f"  {artifact.name:<16} {artifact.zipped / 1024:>9,.0f} kB  {artifact.key}" for artifact in package.artifacts
    ]
    uploaded, reused = len(package.uploaded), len(package.reused)
    lines.append(f"{uploaded} objects uploaded to {package.bucket}, {reused} existed already.")
    return "\n".join(lines)


def _plan(arguments: Namespace, project: Project) -> int:
    aws, inputs = _plan_inputs(arguments, project)
    plan = create_plan(aws, inputs)
    path = _plan_path(arguments, project)
    _delete_previous_change_set(aws, path, plan)
    save_plan(plan, path)
    review = judge_plan(plan)
    if arguments.json:
        _say(json.dumps(plan_summary(review), indent=2, sort_keys=True))
        return 0
    _say(_package_text(inputs.package))
    _say(review_text(review))
    _say(f"Plan: {project.relative(path)}{'' if plan.unchanged else '. Next: deploy review.'}")
    return 0


def _plan_inputs(arguments: Namespace, project: Project) -> tuple[Aws, PlanInputs]:
    """Check everything that can be checked, then package."""
    deployment = _deployment(arguments, project)
    templates = load_templates(project.templates(deployment.platform))
    root = templates.root.document
    path = project.parameters(deployment.platform, deployment.environment)
    file = project.relative(path)
    configuration = load_parameters(path, root, file, region=deployment.region)
    aws = Aws(deployment.region, arguments.profile)
    unchecked = check_account(aws, with_defaults(root, configuration.parameters), file)
    for sentence in (*configuration.undecided_rules, *unchecked):
        _progress(visible(f"note: {sentence}"))
    change_set_kind(deployment.stack_name, describe_stack(aws.client("cloudformation"), deployment.stack_name))
    package = _built_package(arguments, project, aws, templates)
    return aws, PlanInputs(deployment, templates, configuration, package)


def _delete_previous_change_set(aws: Aws, path: Path, plan: Plan) -> None:
    """Delete the change set of the plan that this one replaces; it can no longer be executed."""
    try:
        previous = load_plan(path)
    except PlanError:
        return  # no readable previous plan; CloudFormation deletes its change set at the next execution
    same_stack = (previous.account, previous.region, previous.stack) == (plan.account, plan.region, plan.stack)
    if same_stack and previous.change_set.id:
        delete_change_set(aws.client("cloudformation"), previous.change_set.id)


# ---- review and execute ---------------------------------------------------------------------------------------------


def _review(arguments: Namespace, project: Project) -> int:
    path = _plan_path(arguments, project)
    plan = load_plan(path)
    review = judge_plan(plan)
    form = "json" if arguments.json else arguments.format
    if form == "json":
        text = review_json(review)
    elif form == "markdown":
        text = review_markdown(review)
    else:
        text = review_text(review, detailed=arguments.all)
    _say(text.rstrip("\n"))
    save_record(path, _record(plan))
    return 0


def _execute(arguments: Namespace, project: Project) -> int:
    path = _plan_path(arguments, project)
    plan = load_plan(path)
    aws = Aws(arguments.region or plan.region, arguments.profile)
    _warn_of_local_changes(plan, project)
    review = judge_plan(plan)
    if review.losses and not _confirm(arguments, _losses(review), plan.stack):
        return 1
    outcome = execute_plan(aws, plan, load_record(path), _progress)
    if outcome is None:
        _say(f"{plan.stack}: no changes, nothing was executed.")
        return 0
    _say(f"{plan.stack}: {outcome.status} in {outcome.elapsed_seconds:.0f} s.")
    outputs = read_outputs(aws, plan.stack)
    _say(outputs_json(outputs) if arguments.json else outputs_text(outputs))
    return 0


def _losses(review: Review) -> str:
    lines = [visible(f"  {change.name} ({change.type}, {change.physical_id})") for change in review.losses]
    return "\n".join(["This removes or replaces resources that hold data:", *lines, "Execute it?"])


def _warn_of_local_changes(plan: Plan, project: Project) -> None:
    folder = project.templates(plan.platform)
    if not folder.is_dir():
        return
    committed = {name: template.sha256 for name, template in load_templates(folder).by_name.items()}
    if committed != {name: template.sha256 for name, template in plan.templates.items()}:
        _progress("note: the templates here differ from the plan's; the reviewed plan is executed.")


# ---- outputs and destroy --------------------------------------------------------------------------------------------


def _outputs(arguments: Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    outputs = read_outputs(Aws(deployment.region, arguments.profile), deployment.stack_name)
    if arguments.name:
        values = {output.name: output.value for output in outputs}
        if arguments.name not in values:
            names = ", ".join(values) or "none"
            raise UsageError(f"{deployment.stack_name} has no output {arguments.name}.", f"It has: {names}.")
        _say_value(values[arguments.name])
        return 0
    _say((outputs_json(outputs) if arguments.json else outputs_text(outputs)).rstrip("\n"))
    return 0


def _say_value(value: str) -> None:
    """Print a value. A program that reads it gets it as it is, a terminal on one line."""
    print(visible(value) if sys.stdout.isatty() else value, flush=True)


def _destroy(arguments: Namespace, project: Project) -> int:
    buckets: list[str] = []
    protected_by: tuple[str, ...] = ()
    if arguments.bootstrap:
        aws = Aws(_region(arguments, project), arguments.profile)
        stack = STACK_NAME
        buckets = [arguments.bucket or bucket_name(aws)]
    else:
        deployment = _deployment(arguments, project)
        aws = Aws(deployment.region, arguments.profile)
        stack, protected_by = deployment.stack_name, _protecting_rows(deployment, project)
    description = describe_stack(aws.client("cloudformation"), stack)
    if description is not None:
        require_unprotected(stack, description, protected_by)
        question = f"This deletes {stack} in account {aws.account}, {aws.region}, with all its data."
        if not _confirm(arguments, question, stack):
            return 1
    empty_first = buckets if description is not None else ()
    result = destroy_stack(aws, stack, _progress, protected_by=protected_by, empty_first=empty_first)
    _report_destruction(arguments, stack, result)
    return 0


def _report_destruction(arguments: Namespace, stack: str, result: DestroyResult) -> None:
    """Print the result. Raises DestroyError if something remains."""
    if arguments.json:
        document = {"existed": result.existed, "left": result.remaining, "notes": result.notes}
        _say(json.dumps(document, indent=2))
    for note in result.notes:
        _progress(visible(note))
    if result.remaining:
        do = "Delete these resources by hand, or find out what created them."
        raise DestroyError(stack, f"{stack} is deleted, but these resources remain:", result.remaining, do)
    _progress(f"{stack}: nothing is left." if result.existed else "Nothing to destroy.")


def _protecting_rows(deployment: Deployment, project: Project) -> tuple[str, ...]:
    """The rows that protect the stack; the row that the command names counts in another region (--region) as well."""
    rows = protecting_rows(project, deployment.stack_name, deployment.region)
    if rows or not deployment.termination_protection:
        return rows
    return (f"{project.relative(project.deployments(deployment.platform))} ({deployment.environment})",)


# ---- replay ---------------------------------------------------------------------------------------------------------


def _replay(arguments: Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    outputs = read_output_values(aws, deployment.stack_name)
    missing = [name for name in ("RawBucketName", "ArchiveBucketName") if name not in outputs]
    if missing:
        raise UsageError(f"{deployment.stack_name} has no output {missing[0]}: it keeps no quarantine.")
    backlog = find_backlog(aws, outputs["RawBucketName"], outputs["ArchiveBucketName"], arguments.prefix)
    (_progress if arguments.json else _say)(backlog_text(aws, backlog))
    result = ReplayResult()
    if not backlog.is_empty:
        if not _confirm(arguments, f"Replay this in {deployment.stack_name}?", "yes"):
            return 1
        result = replay_backlog(aws, backlog, _progress)
        counts = f"{result.objects} objects, {result.records} records and {result.dead_letters} dead letters"
        _progress(f"{counts} will be processed again.")
    _report_replay(arguments, backlog, result)
    return 0


def _report_replay(arguments: Namespace, backlog: Backlog, result: ReplayResult) -> None:
    """Print the result for programs. Raises ReplayError if something stays in quarantine."""
    if arguments.json:
        replayed = {
            "objects": result.objects,
            "records": result.records,
            "dead_letters": result.dead_letters,
            "left": result.remaining,
        }
        _say(json.dumps({"found": encode(backlog), "replayed": replayed}, indent=2, sort_keys=True))
    if result.remaining:
        lines = "".join(f"\n  {visible(entry)}" for entry in result.remaining)
        raise ReplayError(f"This stays in quarantine:{lines}\n")


# ---- shared by the commands -----------------------------------------------------------------------------------------


def _record(plan: Plan) -> ReviewRecord:
    return ReviewRecord(plan_digest(plan), datetime.now(UTC).isoformat(timespec="seconds"), getpass.getuser())


def _confirm(arguments: Namespace, question: str, answer: str) -> bool:
    """Ask the person to type the answer. Without a terminal no person can answer, so ``--yes`` is needed."""
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask at.", "Give --yes to confirm.")
    _progress(question)
    try:
        typed = input(f"Type {answer} to continue: ")
    except EOFError:  # Ctrl-D
        typed = ""
    if typed.strip() == answer:
        return True
    _progress("Not confirmed; nothing was done.")
    return False


def _deployment(arguments: Namespace, project: Project) -> Deployment:
    return load_deployment(
        project,
        arguments.platform,
        arguments.environment,
        region=arguments.region,
        stack_name=getattr(arguments, "stack_name", None),
    )


def _region(arguments: Namespace, project: Project) -> str:
    region: str | None = arguments.region
    return region or _deployment(arguments, project).region


def _plan_path(arguments: Namespace, project: Project) -> Path:
    path: Path | None = arguments.plan
    return path or project.plan(arguments.platform, arguments.environment)


COMMANDS: Mapping[str, Callable[[Namespace, Project], int]] = {
    "bootstrap": _bootstrap,
    "package": _package,
    "plan": _plan,
    "review": _review,
    "execute": _execute,
    "outputs": _outputs,
    "destroy": _destroy,
    "replay": _replay,
}
