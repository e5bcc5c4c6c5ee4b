"""Compares what packs report with what this project has decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tools.packs.decisions import FalseFinding, Suppression
from tools.packs.results import Finding, PackReport

SHORTEST_REASON_CHARACTERS = 10  # as rule E9801 demands of cfn-lint's suppressions


def problems(
    reports: Sequence[PackReport], suppressions: Sequence[Suppression], rows: Sequence[FalseFinding]
) -> Iterator[str]:
    """One sentence for everything that nobody has decided, and for every decision without a finding."""
    yield from _rows_of_other_packs(rows, {report.pack for report in reports})
    for report in reports:
        own = [entry for entry in suppressions if entry.key == report.key]
        own_rows = [row for row in rows if row.pack == report.pack]
        yield from _undecided(report, own, own_rows)
        yield from _in_vain(report, own)
        yield from _rows_in_vain(report, own_rows)


def _rows_of_other_packs(rows: Iterable[FalseFinding], packs: set[str]) -> Iterator[str]:
    for row in rows:
        if row.pack not in packs:
            yield f"The page has a row of {row.pack}, which did not run. The packs are {', '.join(sorted(packs))}"


def _undecided(report: PackReport, suppressions: Iterable[Suppression], rows: Sequence[FalseFinding]) -> Iterator[str]:
    suppressed = {(entry.rule, entry.subject) for entry in suppressions}
    open_: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.findings:
        if (finding.rule, finding.subject) not in suppressed and not any(row.covers(finding) for row in rows):
            open_.setdefault((finding.rule, str(finding.subject)), []).append(finding)
    for (rule, subject), findings in open_.items():
        forms = ", ".join(sorted({finding.form for finding in findings}))
        yield f"{report.pack}: {rule}: {subject} ({forms}): {findings[0].message}"


def _in_vain(report: PackReport, suppressions: Iterable[Suppression]) -> Iterator[str]:
    reported = {(finding.rule, finding.subject) for finding in report.findings}
    for entry in suppressions:
        place = f"{report.pack}: {entry.rule}: {entry.subject}"
        if len(entry.reason.strip()) < SHORTEST_REASON_CHARACTERS:
            yield f"{place}: the suppression has no reason"
        if entry.rule in report.other_rules:
            continue
        if entry.rule not in report.rules:
            yield f"{place}: the pack has no such rule. Correct the id, or delete the suppression"
        elif (entry.rule, entry.subject) not in reported:
            yield f"{place}: the pack does not report this. Delete the suppression"


def _rows_in_vain(report: PackReport, rows: Iterable[FalseFinding]) -> Iterator[str]:
    for row in rows:
        if row.rule in report.other_rules:
            continue
        if row.rule not in report.rules:
            yield f"{report.pack}: {row.rule}: the pack has no such rule. Correct the row of the page"
            continue
        for pattern in row.where:
            one = FalseFinding(row.pack, row.rule, (pattern,), row.reason)
            if not any(one.covers(finding) for finding in report.findings):
                yield f"{report.pack}: {row.rule}: no finding matches {pattern}. Delete it from the row of the page"
