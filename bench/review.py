"""The review without AWS, as a whole process, against the CDK's difference library for the same pairs.

The reference gets JSON, which its language parses fastest; the review gets the YAML of the committed form. The reference
compares template by template; the review also resolves parameters and follows values across stacks. No policy changes in
these pairs, so the access decision, which the reference does not make, does not count.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bench.errors import MissingReferenceError
from bench.measure import interleave, medians, timed_call, timed_command, timed_process
from bench.rows import Goal, Row, Settings
from cfn.templates import load_templates, parse
from review.access.discovery import attachments, comparisons
from review.access.stacks import StackTemplate
from review.plan.offline import Place, Side, offline_plan

REFERENCE = Path(__file__).parent / "cdk"
RESOURCES = 2_500
UNCHANGED = "trading, unchanged"  # without a goal: the reference does nothing where both sides are one text
FASTER = Goal(at_most=1)
HALF_A_GATE = Goal(at_most=0.5)
LINEAR = Goal(at_most=2.3)  # twice the resources; the tenth above 2 allows for garbage collection


def run(settings: Settings) -> list[Row]:
    """Measure ``deploy diff --json`` ÷ the reference, the growth, and gate plus verdict after an edit ÷ the cold gate.

    Raises:
        MissingReferenceError: node or the reference is not installed.
    """
    node = shutil.which("node")
    if node is None or not (REFERENCE / "node_modules").is_dir():
        raise MissingReferenceError
    with tempfile.TemporaryDirectory() as folder:
        pairs = _pairs(settings, Path(folder))
        subjects = {}
        for name, pair in pairs.items():
            subjects[f"{name}, review"] = timed_process(_diff(pair / "old", pair / "new"), settings.project)
            reference = (node, "diff.js", str(pair / "old-json"), str(pair / "new-json"))
            subjects[f"{name}, reference"] = timed_command(reference, REFERENCE)
        samples = interleave(subjects, settings.repetitions)
    times = medians(samples)
    rows = [
        Row(
            figure=f"review of {name}, whole process",
            value=times[f"{name}, review"] / times[f"{name}, reference"],
            measured=f"{times[f'{name}, review']:.2f} s",
            reference=f"CDK's difference: {times[f'{name}, reference']:.2f} s",
            goal=FASTER if name != UNCHANGED else None,
            samples={key: samples[f"{name}, {key}"] for key in ("review", "reference")},
        )
        for name in pairs
    ]
    return [*rows, _growth(times, samples), *_beside_the_gate(settings)]


def _beside_the_gate(settings: Settings) -> list[Row]:
    """An edit of a tier, and the permissions of all environments, beside the cold gate.

    In a copy of the checkout, because each sample edits a template, so that the gate has to check it anew.
    """
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        shutil.copytree(settings.project, checkout, ignore=shutil.ignore_patterns(".*", "node_modules", "build"))
        shutil.copy(settings.project / ".cfnlintrc", checkout)
        tier = checkout / "templates" / "trading" / "tables.yaml"
        text = tier.read_text("utf-8")
        gate = timed_process(("-m", "gate"), checkout)
        verdict = timed_process(_diff(settings.project / "templates/trading", checkout / "templates/trading"), checkout)
        edits = itertools.count()

        def edit() -> float:
            tier.write_text(text.replace("Description: ", f"Description: Edit {next(edits)}. ", 1), "utf-8")
            return gate() + verdict()

        gate()  # fills the cache
        subjects = {
            "edit": edit,
            "permissions": timed_call(lambda: _compare_all_permissions(settings.project)),
            "cold": timed_process(("-m", "gate", "--no-cache"), checkout),
        }
        samples = interleave(subjects, min(settings.repetitions, 3), warm_up=False)
    times = medians(samples)
    figures = {
        "edit": "edit of one tier: gate and verdict",
        "permissions": "permissions of all environments, unchanged",
    }
    return [
        Row(
            figure=figure,
            value=times[name] / times["cold"],
            measured=f"{times[name]:.2f} s",
            reference=f"gate, nothing known: {times['cold']:.2f} s",
            goal=HALF_A_GATE,
            samples={key: samples[key] for key in (name, "cold")},
        )
        for name, figure in figures.items()
    ]


def _compare_all_permissions(project: Path) -> None:
    """Find and compare every policy of every environment with itself, both sides resolved anew."""
    pseudo = Place()
    for path in sorted(project.glob("params/*/*.json")):
        if path.name == "deployment.json":
            continue
        templates = load_templates(project / "templates" / path.parent.name)
        documents = {name: template.document for name, template in templates.by_name.items()}
        side = Side(templates, json.loads(path.read_text("utf-8"))["Parameters"])
        plan = offline_plan(side, side, pseudo)
        root = StackTemplate.of(documents, templates.root.name)
        before, after = (attachments(root, side.values, plan.pseudo) for _ in range(2))
        assert comparisons(before, after) == {}


def _diff(old: Path, new: Path) -> tuple[str, ...]:
    return ("-m", "deploy", "diff", str(old), str(new), "--json")


def _growth(times: Mapping[str, float], samples: Mapping[str, list[float]]) -> Row:
    large, half = (f"{size:,} resources, review" for size in (RESOURCES, RESOURCES // 2))
    return Row(
        figure="review of twice the resources",
        value=times[large] / times[half],
        measured=f"{times[large]:.2f} s",
        reference=f"{RESOURCES // 2:,} resources: {times[half]:.2f} s",
        goal=LINEAR,
        samples={"large": samples[large], "half": samples[half]},
    )


def _pairs(settings: Settings, folder: Path) -> dict[str, Path]:
    """The pairs by name: a folder each, with both sides as YAML and as JSON."""
    trading = {path.name: path.read_text("utf-8") for path in (settings.project / "templates/trading").glob("*.yaml")}
    edited = {**trading, "tables.yaml": trading["tables.yaml"].replace("PAY_PER_REQUEST", "PROVISIONED")}
    pairs = {UNCHANGED: (trading, trading), "trading, one tier edited": (trading, edited)}
    for size in (RESOURCES // 2, RESOURCES):
        pairs[f"{size:,} resources"] = ({"root.yaml": _large(size, 0)}, {"root.yaml": _large(size, 100)})
    return {name: _write(folder / str(index), *pair) for index, (name, pair) in enumerate(pairs.items())}


def _large(resources: int, changed: int) -> str:
    """A template of queues and topics, of which some differ from ``changed=0``."""
    entries: dict[str, Any] = {}
    for number in range(resources):
        if number % 2:
            properties: dict[str, Any] = {"TopicName": f"topic-{number}", "DisplayName": f"Alerts {number}"}
            entries[f"Topic{number}"] = {"Type": "AWS::SNS::Topic", "Properties": properties}
        else:
            seconds = 120 if number < changed else 60
            properties = {
                "QueueName": f"queue-{number}",
                "MessageRetentionPeriod": seconds,
                "Tags": [{"Key": "a", "Value": "b"}],
            }
            entries[f"Queue{number}"] = {"Type": "AWS::SQS::Queue", "Properties": properties}
    return yaml.safe_dump({"Resources": entries}, sort_keys=False)


def _write(folder: Path, old: Mapping[str, str], new: Mapping[str, str]) -> Path:
    for side, templates in (("old", old), ("new", new)):
        for kind in (side, f"{side}-json"):
            (folder / kind).mkdir(parents=True)
        for name, text in templates.items():
            (folder / side / name).write_text(text, "utf-8")
            (folder / f"{side}-json" / name).write_text(json.dumps(parse(text, name)), "utf-8")
    return folder
