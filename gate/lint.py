"""The gate proper: cfn-lint over worker processes, largest template first."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Self

from gate.errors import WorkerError
from gate.findings import Finding
from gate.templates import TemplateFile

TOOL = "cfn-lint"
DISTRIBUTION = "cfn-lint"


def version() -> str:
    """The installed version, without loading cfn-lint."""
    return importlib.metadata.version(DISTRIBUTION)


def default_jobs() -> int:
    """As many workers as this process may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LintRun:
    """cfn-lint at work on some templates while its owner does something else.

    The workers are forked from a server process that has loaded cfn-lint once (about 2.5 seconds), so that no worker
    loads it again and none inherits the threads of the caller.
    """

    def __init__(self, root: Path, templates: Sequence[TemplateFile], jobs: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["gate.worker"])
        self._pool = ProcessPoolExecutor(
            max_workers=max(1, min(jobs, len(templates))),
            mp_context=context,
            initializer=_start_worker,
            initargs=(str(root),),
        )
        # Largest first: the longest check must not be the last to start.
        ordered = sorted(templates, key=lambda template: len(template.content), reverse=True)
        self._results: dict[str, Future[tuple[Finding, ...]]] = {
            template.name: self._pool.submit(_lint_in_worker, template.name) for template in ordered
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def results(self) -> dict[str, tuple[Finding, ...]]:
        """Findings by template name; waits for all.

        Raises:
            WorkerError: a worker ended without an answer.
        """
        try:
            return {name: future.result() for name, future in self._results.items()}
        except BrokenProcessPool as error:
            raise WorkerError(TOOL, str(error)) from error


def _start_worker(root: str) -> None:
    from gate import worker  # not at the top: the caller's process must never load cfn-lint

    worker.start(root)


def _lint_in_worker(name: str) -> tuple[Finding, ...]:
    from gate import worker  # as above

    return worker.lint_file(name)
