"""The command line: one subcommand for each step."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deploy.replaying.layout import RAW_PREFIX
from review.formats.forms import FORMS

_BUCKET: dict[str, Any] = {"help": "artifact bucket instead of platform-artifacts-<account>-<region>"}
_STACK_NAME: dict[str, Any] = {"help": "instead of the one in deployment.json"}
_ALLOW: dict[str, Any] = {
    "metavar": "NAME",
    "action": "append",
    "default": [],
    "help": "allow a blocked change by the name that the review gives it, such as Database/Cluster; can be repeated",
}
_FAIL_ON: dict[str, Any] = {
    "metavar": "blocked|look|CODES",
    "help": "exit with 5 if a finding has the verdict blocked, with 4 for look, or for one of these codes (R201,R103)",
}


_DIFF = """\
Compares two template sets without AWS, with the same review as of a change set.

  deploy diff main:templates/trading templates/trading --parameters params/trading/prod.json
  deploy diff old.yaml new.yaml --format json --fail-on blocked
  deploy diff --against origin/main --format markdown

Without a parameter file the defaults of the templates count, and a parameter without a default stays unresolved."""


class _Paragraphs(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; ``command`` of its result is the name of the command."""
    parser = argparse.ArgumentParser(prog="python -m deploy", description="Deploys a platform's committed templates.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    common = _common_options()
    _add_bootstrap(commands, common)
    _add_package(commands, common)
    _add_plan(commands, common)
    _add_diff(commands)
    _add_review(commands, common)
    _add_approve(commands, common)
    _add_execute(commands, common)
    _add_outputs(commands, common)
    _add_destroy(commands, common)
    _add_replay(commands, common)
    return parser


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--platform", default="trading", help="folder of templates/ and params/ (default: trading)")
    common.add_argument("--environment", default="dev", help="row of deployment.json (default: dev)")
    common.add_argument("--profile", help="profile of the AWS configuration")
    common.add_argument("--region", help="instead of the one in deployment.json")
    common.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    common.add_argument("--json", action="store_true", help="print for programs")
    return common


def _add_bootstrap(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "bootstrap", parents=[common], help="create the artifact bucket of this account and region"
    )
    command.add_argument("--bucket", **_BUCKET)
    command.add_argument("--allow", **_ALLOW)


def _add_package(commands: Any, common: argparse.ArgumentParser) -> None:
    words = "build the zips of functions and services and upload them with the templates"
    _add_packaging_options(commands.add_parser("package", parents=[common], help=words))


def _add_plan(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "plan", parents=[common], help="package, then create the change set and save the plan"
    )
    _add_packaging_options(command)
    command.add_argument("--out", dest="plan", type=Path, help="where to save the plan")


def _add_packaging_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stack-name", **_STACK_NAME)
    command.add_argument("--bucket", **_BUCKET)
    command.add_argument(
        "--wheels",
        choices=("aws", "host"),
        default="aws",
        help="wheels for the machines in AWS, or for this one, for the embedded AWS (default: aws)",
    )


def _add_diff(commands: Any) -> None:
    command = commands.add_parser(
        "diff", help="the review of two template sets, without AWS", description=_DIFF, formatter_class=_Paragraphs
    )
    command.add_argument("old", nargs="?", metavar="OLD", help="a folder, a template, or <revision>:<path>")
    command.add_argument("new", nargs="?", metavar="NEW", help="the same, of the newer side")
    words = "compare every environment of every platform in this checkout with a revision of git"
    command.add_argument("--against", metavar="REVISION", help=words)
    words = "a parameter file, or <revision>:<path>; once for both sides, or twice, for OLD and NEW"
    command.add_argument("--parameters", metavar="FILE", action="append", default=[], help=words)
    command.add_argument("--region", help="the value of AWS::Region (default: us-east-1)")
    command.add_argument("--account", help="the value of AWS::AccountId (default: 111122223333, as in AWS's examples)")
    command.add_argument("--format", choices=FORMS, default="text")
    command.add_argument("--json", action="store_true", help="the same as --format json")
    command.add_argument("--out", type=Path, help="a file instead of the terminal; of --against with html a folder")
    command.add_argument("--all", action="store_true", help="also every new resource, and what is removed")
    command.add_argument("--fail-on", **_FAIL_ON)


def _add_review(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser("review", parents=[common], help="print what the plan does; needs no AWS")
    _add_plan_options(command)
    command.add_argument("--format", choices=FORMS, default="text")
    command.add_argument("--all", action="store_true", help="also every new resource, and what will not change")
    command.add_argument("--fail-on", **_FAIL_ON)


def _add_approve(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser("approve", parents=[common], help="allow the plan to be executed")
    _add_plan_options(command)
    command.add_argument("--allow", **_ALLOW)


def _add_execute(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser("execute", parents=[common], help="execute exactly the approved plan")
    _add_plan_options(command)
    command.add_argument("--allow", **_ALLOW)
    command.add_argument("--fail-on", **{**_FAIL_ON, "help": f"execute nothing and {_FAIL_ON['help']}"})


def _add_plan_options(command: argparse.ArgumentParser) -> None:
    source = command.add_mutually_exclusive_group()
    source.add_argument("--plan", type=Path, help="the plan file")
    words = "the latest plan of the stack in the artifact bucket, made on any machine"
    source.add_argument("--from-bucket", action="store_true", help=words)
    command.add_argument("--stack-name", **_STACK_NAME)
    command.add_argument("--bucket", **_BUCKET)


def _add_outputs(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser("outputs", parents=[common], help="print the stack's outputs, or one of them")
    command.add_argument("name", nargs="?", help="print only the value of this output")
    command.add_argument("--stack-name", **_STACK_NAME)


def _add_destroy(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser("destroy", parents=[common], help="delete the stack and find what remains")
    command.add_argument("--stack-name", **_STACK_NAME)
    words = "the artifact bucket's stack instead, with its contents"
    command.add_argument("--bootstrap", action="store_true", help=words)
    command.add_argument("--bucket", **_BUCKET)


def _add_replay(commands: Any, common: argparse.ArgumentParser) -> None:
    command = commands.add_parser("replay", parents=[common], help="process quarantined data and dead letters again")
    command.add_argument("--stack-name", **_STACK_NAME)
    words = f"only quarantined data of raw keys below it ({RAW_PREFIX}…)"
    command.add_argument("--prefix", default=RAW_PREFIX, help=words)
