"""``deploy diff``: the review without AWS, of two template sets or of everything since a revision of git."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.commands.gating import fail_on_of, report_failures
from deploy.comparing.comment import comment
from deploy.comparing.environments import EnvironmentReview, review_environments
from deploy.comparing.sources import read_side
from deploy.console import progress, say
from deploy.errors import UsageError
from deploy.settings import Project
from review.formats.document import review_document
from review.formats.forms import write_review
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan


def run(arguments: Namespace, project: Project) -> int:
    """Print the review of the difference.

    Returns:
        0, or the exit code of ``--fail-on``; with several environments the highest.
    """
    fail_on = fail_on_of(arguments)
    if arguments.against is not None:
        reviews = _against(arguments, project)
    else:
        reviews = [_review_of_sides(arguments)]
        form = "json" if arguments.json else arguments.format
        folder = arguments.new if Path(arguments.new).is_dir() else str(Path(arguments.new).parent)
        _write(arguments, write_review(form, reviews[0], detailed=arguments.all, folder=folder))
    return max((report_failures(review, fail_on) for review in reviews), default=0)


def _write(arguments: Namespace, text: str) -> None:
    if arguments.out is None:
        say(text.rstrip("\n"))
        return
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text, "utf-8")
    progress(f"Written to {arguments.out}.")


# ---- two sides ------------------------------------------------------------------------------------------------------


def _review_of_sides(arguments: Namespace) -> Review:
    if arguments.old is None or arguments.new is None:
        raise UsageError("diff compares two sides.", "Give OLD and NEW, or --against REVISION.")
    old_file, new_file = _parameter_files(arguments.parameters)
    old, new = read_side(arguments.old, old_file), read_side(arguments.new, new_file)
    for side, file in ((old, old_file), (new, new_file)):
        _note_unknown_names(side, file)
    place = Place(region=arguments.region or Place.region, account=arguments.account or Place.account)
    title = f"{arguments.old} compared with {arguments.new}{_described(old_file, new_file)}"
    return judge_plan(offline_plan(old, new, place), title=title)


def _parameter_files(files: Sequence[str]) -> tuple[str | None, str | None]:
    """The parameter files of both sides: one for both, or one for each.

    Raises:
        UsageError: There are more than two.
    """
    if len(files) > 2:
        raise UsageError("--parameters is there more than twice.", "Give it once for both sides, or for OLD and NEW.")
    return (files[0], files[-1]) if files else (None, None)


def _described(old_file: str | None, new_file: str | None) -> str:
    names = dict.fromkeys(filter(None, (old_file, new_file)))
    return f" ({', '.join(names)})" if names else " (without a parameter file)"


def _note_unknown_names(side: Side, file: str | None) -> None:
    """A parameter file of another version of the templates may have other names."""
    declared = side.templates.root.document.get("Parameters", {})
    unknown = ", ".join(name for name in side.parameters if name not in declared)
    if unknown:
        progress(f"note: {file} has values that {side.templates.root.name} does not declare: {unknown}.")


# ---- all environments -----------------------------------------------------------------------------------------------


def _against(arguments: Namespace, project: Project) -> list[Review]:
    if arguments.old is not None or arguments.parameters:
        raise UsageError(
            "--against compares every environment.", "Leave out OLD, NEW and --parameters, or leave out --against."
        )
    entries = review_environments(project, arguments.against)
    form = "json" if arguments.json else arguments.format
    if form in _TOGETHER:
        _write(arguments, _TOGETHER[form](entries))
    else:
        _write_each(arguments.out, form, entries)
    return [entry.review for entry in entries if entry.review is not None]


def _texts(entries: Sequence[EnvironmentReview]) -> str:
    gone = "{} {}: no row any more; the stack stays until `deploy destroy`.\n"
    return "\n".join(
        write_review("text", entry.review) if entry.review else gone.format(entry.platform, entry.environment)
        for entry in entries
    )


def _documents(entries: Sequence[EnvironmentReview]) -> str:
    rows = [
        {
            "platform": entry.platform,
            "environment": entry.environment,
            "review": review_document(entry.review) if entry.review else None,
        }
        for entry in entries
    ]
    return json.dumps({"format": 1, "environments": rows}, indent=2) + "\n"


_TOGETHER: Mapping[str, Callable[[Sequence[EnvironmentReview]], str]] = {
    "text": _texts,
    "markdown": comment,
    "json": _documents,
}


def _write_each(folder: Path | None, form: str, entries: Sequence[EnvironmentReview]) -> None:
    """One file for each environment that changes: ``trading-dev.html``."""
    if folder is None:
        raise UsageError(f"--against with --format {form} writes a file for each environment.", "Give --out FOLDER.")
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        if entry.review is not None and not entry.review.is_empty:
            path = folder / f"{entry.platform}-{entry.environment}.{form}"
            folder_of_templates = f"templates/{entry.platform}"
            path.write_text(write_review(form, entry.review, detailed=True, folder=folder_of_templates), "utf-8")
            progress(f"Written to {path}.")
