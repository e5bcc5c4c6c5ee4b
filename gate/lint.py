"""Runs cfn-lint in worker processes, the largest template first."""

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
from gate.findings import Finding, Tool
from gate.templates import TemplateFile


def version() -> str:
    """Returns the installed version without loading cfn-lint."""
    return importlib.metadata.version(Tool.CFN_LINT)


def default_jobs() -> int:
    """Returns the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LintRun:
    """A run of cfn-lint over some templates. The owner can work while the workers check.

    The workers are forks of a server process that has loaded cfn-lint once (about 2.5 seconds). So no worker loads
    cfn-lint again, and no worker inherits the threads of the caller.

    Ctrl-C in a terminal reaches every process of the command. Server and workers inherit a mask that blocks the signal.
    The owner receives the signal and ends the workers.
    """

    def __init__(self, root: Path, templates: Sequence[TemplateFile], jobs: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["gate.worker"])
        # Largest first: the longest check must not be the last to start.
        ordered = sorted(templates, key=lambda template: len(template.content), reverse=True)
        resource_tracker.ensure_running()  # before the block below, because it unblocks SIGINT at its end
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
        except BaseException:  # the KeyboardInterrupt of a Ctrl-C that the block above delayed
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
        """Kills the workers without waiting for their results. Python 3.14 has ``kill_workers()`` for this."""
        for process in list(self._pool._processes.values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def results(self) -> dict[str, tuple[Finding, ...]]:
        """Waits for all workers and returns the findings by template name.

        Raises:
            WorkerError: a worker ended without a result.
        """
        try:
            return {name: future.result() for name, future in self._results.items()}
        except BrokenProcessPool as error:
            raise WorkerError(Tool.CFN_LINT, str(error)) from error


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Delays Ctrl-C until the block ends. Processes that start in the block, and their children, never receive it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(root: str) -> None:
    from gate import worker  # not at the top, because the caller's process must never load cfn-lint

    worker.start(root)


def _lint_in_worker(name: str) -> tuple[Finding, ...]:
    from gate import worker  # for the same reason

    return worker.lint_file(name)
