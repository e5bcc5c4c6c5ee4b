"""The table for people and the JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence

from bench.rows import Row

HEADINGS = ("bench", "figure", "measured", "reference", "value", "goal", "")


def table(results: Mapping[str, Sequence[Row]]) -> str:
    """Format the rows by bench as aligned columns, with a last line that counts the goals."""
    lines = [
        (name, row.figure, row.measured, row.reference, f"{row.value:.3g}{row.unit}", _goal(row), _verdict(row))
        for name, rows in results.items()
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (HEADINGS, *lines)) for column in range(len(HEADINGS))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (HEADINGS, *lines)
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    goals = [row for rows in results.values() for row in rows if row.goal]
    missed = sum(not row.is_met for row in goals)
    verdict = f"bench: {len(goals)} goals, {missed} missed" if missed else f"bench: {len(goals)} goals, all met"
    return "\n".join([*(line.rstrip() for line in text), verdict])


def _goal(row: Row) -> str:
    return str(row.goal) if row.goal else ""


def _verdict(row: Row) -> str:
    if row.goal is None:
        return ""
    return "met" if row.is_met else "MISSED"


def as_json(results: Mapping[str, Sequence[Row]]) -> str:
    """Format all rows with their samples, and the machine."""
    rows = [
        {
            "bench": name,
            "figure": row.figure,
            "value": row.value,
            "unit": row.unit,
            "measured": row.measured,
            "reference": row.reference,
            "goal": _goal(row) or None,
            "met": row.is_met if row.goal else None,
            "samples": {subject: list(values) for subject, values in row.samples.items()},
        }
        for name, bench in results.items()
        for row in bench
    ]
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    return json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n"
