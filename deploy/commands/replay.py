"""``deploy replay``: quarantined data and dead letters, back for processing."""

from __future__ import annotations

import json
from argparse import Namespace

from cfn.text import visible
from deploy.commands.options import deployment_of
from deploy.console import confirm, progress, say
from deploy.errors import ReplayError, UsageError
from deploy.execution.outputs import read_output_values
from deploy.replaying.replay import Backlog, ReplayResult, backlog_text, find_backlog, replay_backlog
from deploy.session import Aws
from deploy.settings import Project
from review.plan.codec import encode


def run(arguments: Namespace, project: Project) -> int:
    """List the quarantine and the dead letters, ask, and replay them."""
    deployment = deployment_of(arguments, project)
    aws = Aws(deployment.region, arguments.profile)
    outputs = read_output_values(aws, deployment.stack_name)
    missing = [name for name in ("RawBucketName", "ArchiveBucketName") if name not in outputs]
    if missing:
        raise UsageError(f"{deployment.stack_name} has no output {missing[0]}: it keeps no quarantine.")
    backlog = find_backlog(aws, outputs["RawBucketName"], outputs["ArchiveBucketName"], arguments.prefix)
    (progress if arguments.json else say)(backlog_text(aws, backlog))
    result = ReplayResult()
    if not backlog.is_empty:
        if not confirm(f"Replay this in {deployment.stack_name}?", "yes", yes=arguments.yes):
            return 1
        result = replay_backlog(aws, backlog, progress)
        counts = f"{result.objects} objects, {result.records} records and {result.dead_letters} dead letters"
        progress(f"{counts} will be processed again.")
    _report(backlog, result, as_json=arguments.json)
    return 0


def _report(backlog: Backlog, result: ReplayResult, *, as_json: bool) -> None:
    """Print the result for programs. Raises ReplayError if something stays in quarantine."""
    if as_json:
        replayed = {
            "objects": result.objects,
            "records": result.records,
            "dead_letters": result.dead_letters,
            "left": result.remaining,
        }
        say(json.dumps({"found": encode(backlog), "replayed": replayed}, indent=2, sort_keys=True))
    if result.remaining:
        lines = "".join(f"\n  {visible(entry)}" for entry in result.remaining)
        raise ReplayError(f"This stays in quarantine:{lines}\n")
