"""``python -m deploy``: one command for each step, and the one place where errors become a sentence and an exit code.

Exit codes: 0 done, or nothing to do; 1 AWS said no, or something is left; 2 the command, a file or a parameter is
wrong and nothing was called; 3 the plan is refused because something moved; 130 interrupted.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cfn.errors import ActionableError
from cfn.parameters import load_parameters, with_defaults
from cfn.templates import load_templates
from deploy.errors import DestroyError, ReplayError, UsageError
from deploy.execution import destroy, execute, outputs
from deploy.packaging import package
from deploy.planning import bootstrap, changesets, plan, preflight
from deploy.planning.snapshot import describe
from deploy.replaying import replay
from deploy.session import Aws, explain
from deploy.settings import Deployment, Project, load_deployment, protectors
from review.codec import encode
from review.errors import PlanError
from review.model import Plan
from review.plan_file import ReviewRecord, load_plan, load_record, plan_digest, save_plan, save_record
from review.render import plan_summary, review_json, review_markdown, review_text
from review.verdict import Review, judge_plan

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, *, project: Project | None = None) -> int:
    """Run one command; gives the exit code. ``project`` is for callers that work elsewhere than in this checkout."""
    arguments = _parser().parse_args(argv)
    home = project or Project(Path(__file__).resolve().parent.parent)
    try:
        command: Callable[[argparse.Namespace, Project], int] = arguments.command
        return command(arguments, home)
    except ActionableError as error:
        return _tell(error)
    except (ClientError, BotoCoreError) as error:
        return _tell(explain(error, home.root))
    except KeyboardInterrupt:
        _say("\nInterrupted. What was started in AWS goes on; repeat the command to follow it.", error=True)
        return INTERRUPTED


def _tell(error: ActionableError) -> int:
    _say(f"error: {error}", error=True)
    return error.exit_code


def _say(line: str, *, error: bool = False) -> None:
    print(line, file=sys.stderr if error else sys.stdout, flush=True)


def _progress(line: str) -> None:
    """Progress goes to stderr, so that ``--json`` leaves stdout to the machine."""
    _say(line, error=True)


# ---- the commands ---------------------------------------------------------------------------------------------------


def _bootstrap(arguments: argparse.Namespace, project: Project) -> int:
    aws = Aws(_region(arguments, project), arguments.profile)
    made = bootstrap.plan(aws, bucket=arguments.bucket)
    seen = judge_plan(made)
    _say(review_text(seen, detailed=True))
    if made.unchanged:
        execute.execute(aws, made, _record(made), _progress)
        return 0
    if not _confirmed(arguments, f"Make the artifact bucket {made.bucket}?", "yes"):
        return 1
    done = execute.execute(aws, made, _record(made), _progress)
    _say(f"{made.stack}: {done.status if done else 'unchanged'}. The artifact bucket is {made.bucket}.")
    return 0


def _package(arguments: argparse.Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    templates = load_templates(project.templates(deployment.platform))
    host = arguments.wheels == "host"
    packed = package.build(aws, project, deployment.platform, templates, bucket=arguments.bucket, host=host)
    if arguments.json:
        _say(json.dumps(encode(packed), indent=2, sort_keys=True))
    else:
        _say(_packed(packed))
    return 0


def _packed(packed: package.Package) -> str:
    lines = [f"  {one.name:<16} {one.zipped / 1024:>9,.0f} kB  {one.key}" for one in packed.artifacts]
    lines.append(
        f"{len(packed.uploaded)} objects uploaded to {packed.bucket}, {len(packed.reused)} were there already."
    )
    return "\n".join(lines)


def _plan(arguments: argparse.Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    platform = deployment.platform
    templates = load_templates(project.templates(platform))
    file = project.parameters(platform, deployment.environment)
    configuration = load_parameters(file, templates.root.document, project.shown(file), region=deployment.region)
    aws = Aws(deployment.region, arguments.profile)
    values = with_defaults(templates.root.document, configuration.parameters)
    for sentence in (*configuration.undecided_rules, *preflight.check(aws, values, project.shown(file))):
        _progress(f"note: {sentence}")
    plan.kind_of(deployment.stack_name, describe(aws.client("cloudformation"), deployment.stack_name))
    host = arguments.wheels == "host"
    packed = package.build(aws, project, platform, templates, bucket=arguments.bucket, host=host)
    made = plan.make(aws, deployment, templates, configuration, packed)
    path = _plan_path(arguments, project)
    _forget(aws, path, made)
    save_plan(made, path)
    seen = judge_plan(made)
    if arguments.json:
        _say(json.dumps(plan_summary(seen), indent=2, sort_keys=True))
        return 0
    _say(_packed(packed))
    _say(review_text(seen))
    _say(f"Plan: {project.shown(path)}" if made.unchanged else f"Plan: {project.shown(path)}. Next: deploy review.")
    return 0


def _forget(aws: Aws, path: Path, made: Plan) -> None:
    """Delete the change set of the plan that this one takes the place of: nobody can execute it any more."""
    try:
        old = load_plan(path)
    except PlanError:
        return  # there is none, or it cannot be read: then its change set goes with the next execution
    if (old.account, old.region, old.stack) == (made.account, made.region, made.stack) and old.change_set.id:
        changesets.delete(aws.client("cloudformation"), old.change_set.id)


def _review(arguments: argparse.Namespace, project: Project) -> int:
    path = _plan_path(arguments, project)
    made = load_plan(path)
    seen = judge_plan(made)
    words = {
        "text": lambda: review_text(seen, detailed=arguments.all),
        "markdown": lambda: review_markdown(seen),
        "json": lambda: review_json(seen),
    }["json" if arguments.json else arguments.format]()
    _say(words.rstrip("\n"))
    save_record(path, _record(made))
    return 0


def _execute(arguments: argparse.Namespace, project: Project) -> int:
    path = _plan_path(arguments, project)
    made = load_plan(path)
    aws = Aws(arguments.region or made.region, arguments.profile)
    _warn_of_local_changes(made, project)
    seen = judge_plan(made)
    if seen.losses and not _confirmed(arguments, _losses(seen), made.stack):
        return 1
    done = execute.execute(aws, made, load_record(path), _progress)
    if done is None:
        _say(f"{made.stack}: no changes, nothing was executed.")
        return 0
    _say(f"{made.stack}: {done.status} in {done.elapsed:.0f} s.")
    found = outputs.read(aws, made.stack)
    _say(outputs.as_json(found) if arguments.json else outputs.text(found))
    return 0


def _losses(seen: Review) -> str:
    lines = [f"  {one.name} ({one.type}, {one.physical_id})" for one in seen.losses]
    return "\n".join(["This removes or replaces resources that hold data:", *lines, "Execute it?"])


def _warn_of_local_changes(made: Plan, project: Project) -> None:
    folder = project.templates(made.platform)
    if not folder.is_dir():
        return
    now = {name: template.sha256 for name, template in load_templates(folder).by_name.items()}
    if now != {name: template.sha256 for name, template in made.templates.items()}:
        _progress("note: the templates here differ from the plan's; what is executed is the plan that was reviewed.")


def _outputs(arguments: argparse.Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    found = outputs.read(Aws(deployment.region, arguments.profile), deployment.stack_name)
    if arguments.name:
        value = next((one.value for one in found if one.name == arguments.name), None)
        if value is None:
            known = ", ".join(one.name for one in found) or "none"
            raise UsageError(f"{deployment.stack_name} has no output {arguments.name}.", f"It has: {known}.")
        _say(value)
        return 0
    _say((outputs.as_json(found) if arguments.json else outputs.text(found)).rstrip("\n"))
    return 0


def _destroy(arguments: argparse.Namespace, project: Project) -> int:
    buckets: list[str] = []
    protected_by: tuple[str, ...] = ()
    if arguments.bootstrap:
        aws = Aws(_region(arguments, project), arguments.profile)
        stack = bootstrap.STACK
        buckets = [arguments.bucket or package.bucket_name(aws)]
    else:
        deployment = _deployment(arguments, project)
        aws = Aws(deployment.region, arguments.profile)
        stack, protected_by = deployment.stack_name, _protectors(deployment, project)
    description = describe(aws.client("cloudformation"), stack)
    if description is not None:
        destroy.refuse_protected(stack, description, protected_by)
        question = f"This deletes {stack} in account {aws.account}, {aws.region}, with all its data."
        if not _confirmed(arguments, question, stack):
            return 1
    empty_first = buckets if description is not None else ()
    done = destroy.destroy(aws, stack, _progress, protected_by=protected_by, empty_first=empty_first)
    if arguments.json:
        _say(json.dumps(encode(done), indent=2))
    for note in done.notes:
        _progress(note)
    if done.left:
        do = "Delete them by hand, or find out what made them."
        raise DestroyError(stack, f"{stack} is deleted, but this is left:", done.left, do)
    _progress(f"{stack}: nothing is left." if done.existed else "Nothing to destroy.")
    return 0


def _protectors(deployment: Deployment, project: Project) -> tuple[str, ...]:
    """The rows that protect the stack; the row that the command names counts in another region (--region) as well."""
    found = protectors(project, deployment.stack_name, deployment.region)
    if found or not deployment.termination_protection:
        return found
    return (f"{project.shown(project.deployments(deployment.platform))} ({deployment.environment})",)


def _replay(arguments: argparse.Namespace, project: Project) -> int:
    deployment = _deployment(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    found = outputs.values(aws, deployment.stack_name)
    missing = [name for name in ("RawBucketName", "ArchiveBucketName") if name not in found]
    if missing:
        raise UsageError(f"{deployment.stack_name} has no output {missing[0]}: it keeps no quarantine.")
    backlog = replay.find(aws, found["RawBucketName"], found["ArchiveBucketName"], arguments.prefix)
    (_progress if arguments.json else _say)(replay.text(aws, backlog))
    done = replay.Replayed(0, 0, 0, ())
    if not backlog.empty:
        if not _confirmed(arguments, f"Replay this in {deployment.stack_name}?", "yes"):
            return 1
        done = replay.replay(aws, backlog, _progress)
        _progress(
            f"{done.objects} objects, {done.records} records and {done.dead_letters} dead letters are on their way."
        )
    if arguments.json:
        _say(json.dumps({"found": encode(backlog), "replayed": encode(done)}, indent=2, sort_keys=True))
    if done.left:
        lines = "".join(f"\n  {one}" for one in done.left)
        raise ReplayError(f"This stays in quarantine:{lines}\n")
    return 0


# ---- what they share ------------------------------------------------------------------------------------------------


def _record(made: Plan) -> ReviewRecord:
    return ReviewRecord(plan_digest(made), datetime.now(UTC).isoformat(timespec="seconds"), getpass.getuser())


def _confirmed(arguments: argparse.Namespace, question: str, answer: str) -> bool:
    """Ask for the answer to be typed. Without a terminal there is nobody to ask: ``--yes`` is needed."""
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody is there to be asked.", "Give --yes to confirm.")
    _progress(question)
    try:
        typed = input(f"Type {answer} to go on: ")
    except EOFError:  # Ctrl-D
        typed = ""
    if typed.strip() == answer:
        return True
    _progress("Not confirmed; nothing was done.")
    return False


def _deployment(arguments: argparse.Namespace, project: Project) -> Deployment:
    return load_deployment(
        project,
        arguments.platform,
        arguments.environment,
        region=arguments.region,
        stack_name=getattr(arguments, "stack_name", None),
    )


def _region(arguments: argparse.Namespace, project: Project) -> str:
    region: str | None = arguments.region
    return region or _deployment(arguments, project).region


def _plan_path(arguments: argparse.Namespace, project: Project) -> Path:
    path: Path | None = arguments.plan
    return path or project.plan(arguments.platform, arguments.environment)


# ---- the command line -----------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy", description="Deploys a platform's committed templates.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = _common()
    bucket: dict[str, Any] = {"help": "artifact bucket instead of platform-artifacts-<account>-<region>"}

    made = commands.add_parser(
        "bootstrap", parents=[common], help="make the artifact bucket of this account and region"
    )
    made.add_argument("--bucket", **bucket)
    made.set_defaults(command=_bootstrap)

    for name, command, words in (
        ("package", _package, "build the zips of functions and services and upload them with the templates"),
        ("plan", _plan, "package, then make the change set and save the plan"),
    ):
        made = commands.add_parser(name, parents=[common], help=words)
        made.add_argument("--stack-name", help="instead of the one in deployment.json")
        made.add_argument("--bucket", **bucket)
        made.add_argument(
            "--wheels",
            choices=("aws", "host"),
            default="aws",
            help="wheels for the machines in AWS, or for this one, for the embedded AWS (default: aws)",
        )
        made.set_defaults(command=command)
        if name == "plan":
            made.add_argument("--out", dest="plan", type=Path, help="where to save the plan")

    made = commands.add_parser("review", parents=[common], help="say what the plan does; needs no AWS")
    made.add_argument("--plan", type=Path, help="the plan file")
    made.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    made.add_argument("--all", action="store_true", help="also every new resource, and what will not change")
    made.set_defaults(command=_review)

    made = commands.add_parser("execute", parents=[common], help="execute exactly the reviewed plan")
    made.add_argument("--plan", type=Path, help="the plan file")
    made.set_defaults(command=_execute)

    made = commands.add_parser("outputs", parents=[common], help="print the stack's outputs, or one of them")
    made.add_argument("name", nargs="?", help="print only the value of this output")
    made.add_argument("--stack-name", help="instead of the one in deployment.json")
    made.set_defaults(command=_outputs)

    made = commands.add_parser("destroy", parents=[common], help="delete the stack and look for what is left")
    made.add_argument("--stack-name", help="instead of the one in deployment.json")
    made.add_argument("--bootstrap", action="store_true", help="the artifact bucket's stack instead, with its contents")
    made.add_argument("--bucket", **bucket)
    made.set_defaults(command=_destroy)

    made = commands.add_parser(
        "replay", parents=[common], help="bring quarantined data and dead letters back for processing"
    )
    made.add_argument("--stack-name", help="instead of the one in deployment.json")
    made.add_argument(
        "--prefix", default=replay.RAW_PREFIX, help=f"only quarantined data of raw keys below it ({replay.RAW_PREFIX}…)"
    )
    made.set_defaults(command=_replay)
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--platform", default="trading", help="folder of templates/ and params/ (default: trading)")
    common.add_argument("--environment", default="dev", help="row of deployment.json (default: dev)")
    common.add_argument("--profile", help="profile of the AWS configuration")
    common.add_argument("--region", help="instead of the one in deployment.json")
    common.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    common.add_argument("--json", action="store_true", help="print for machines")
    return common
