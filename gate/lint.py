"""The gate proper: cfn-lint over worker processes, largest template first."""

from __future__ import annotations

import contextlib
import importlib.metadata
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
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

    A terminal's Ctrl-C reaches every process. Server and workers never hear it, because they inherit a mask that blocks
    it; their owner does, and ends them.
    """

    def __init__(self, root: Path, templates: Sequence[TemplateFile], jobs: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["gate.worker"])
        # Largest first: the longest check must not be the last to start.
        ordered = sorted(templates, key=lambda template: len(template.content), reverse=True)
        resource_tracker.ensure_running()  # now: it unblocks interrupts when it is done
        try:
            with _interrupts_blocked():
                self._pool = ProcessPoolExecutor(
                    max_workers=max(1, min(jobs, len(templates))),
                    mp_context=context,
                    initializer=_start_worker,
                    initargs=(str(root),),
                )
                self._results: dict[str, Future[tuple[Finding, ...]]] = {
                    template.name: self._pool.submit(_lint_in_worker, template.name) for template in ordered
                }
        except BaseException:  # Ctrl-C, as soon as it is let through
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        else:
            self._end()

    def _end(self) -> None:
        """Without waiting for what the workers are at. Python 3.14 has kill_workers() for this."""
        for process in list(self._pool._processes.values()):
            process.kill()
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


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C waits until the block has ended. Processes that are started in it, and theirs, never get one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(root: str) -> None:
    from gate import worker  # not at the top: the caller's process must never load cfn-lint

    worker.start(root)


def _lint_in_worker(name: str) -> tuple[Finding, ...]:
    from gate import worker  # as above

    return worker.lint_file(name)
