"""A process that handles one SQS event and dies at a chosen step without cleaning up, as one that Lambda kills.

A step is a call that may have an effect: an S3 request, an SQL statement, a COPY, a commit, the answer to SQS. The process
sends itself SIGKILL right after the step. With ``Faults`` the step fails instead.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

import process.handler
from common.database import Database, Target
from process.pipeline import Pipeline
from tests.lambda_src.support.fakes import Context, FakeS3, client_error, sqs_event
from tests.lambda_src.support.processing import BUCKETS

KILLED = -signal.SIGKILL


def forkserver() -> ForkServerContext:
    """A context that starts processes in milliseconds, as forks of a server that has imported this module.

    The server needs PYTHONPATH, because Python 3.11 does not pass it ``sys.path``, and it ignores a failed import silently.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@dataclass
class FolderS3:
    """The calls of ``FakeS3`` on files, so that objects outlive the process that wrote them."""

    folder: Path
    step: Callable[[str], None] = field(default=lambda name: None)

    def objects(self) -> dict[tuple[str, str], bytes]:
        """The content of each object by bucket and key."""
        return {
            (path.parent.name, path.name.replace("%2F", "/")): path.read_bytes()
            for path in self.folder.glob("*/*")
            if not path.name.endswith("~")
        }

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self._write(Bucket, Key, Body)
        self.step(f"put {Bucket}/{Key}")

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        reply = FakeS3({(Bucket, Key): self._path(Bucket, Key).read_bytes()}).get_object(Bucket, Key)
        self.step(f"get {Bucket}/{Key}")
        return reply

    def copy_object(self, Bucket: str, Key: str, CopySource: dict[str, str]) -> None:
        self._write(Bucket, Key, self._path(CopySource["Bucket"], CopySource["Key"]).read_bytes())
        self.step(f"copy {Bucket}/{Key}")

    def _write(self, bucket: str, key: str, body: bytes) -> None:
        """Write the whole object or nothing, as S3 does."""
        path = self._path(bucket, key)
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(path.name + "~")
        unfinished.write_bytes(body)
        unfinished.replace(path)

    def _path(self, bucket: str, key: str) -> Path:
        return self.folder / bucket / quote(key, safe="=")


@dataclass
class Steps:
    """Record steps, and kill the process after step number ``last`` if there is one."""

    last: int | None
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Faults:
    """Record steps, and let step ``number`` fail once: PostgreSQL with ``error``, S3 with an internal error."""

    number: int
    error: type[Exception]
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.number:
            raise self.error(name) if name.startswith("sql") else client_error("InternalError")


def watch_statements(step: Callable[[str], None], patch: Callable[[Any, str, Any], None] = setattr) -> None:
    """Make every statement, COPY and commit of this process a step.

    Args:
        step: The function that is called after each of them with a name for it.
        patch: The function that replaces an attribute.
    """
    execute, copy_end = psycopg.Cursor.execute, psycopg.Copy.__exit__
    leave = psycopg.Transaction.__exit__

    def watched_execute(self: Any, *arguments: Any, **options: Any) -> Any:
        result = execute(self, *arguments, **options)
        step("sql " + str(arguments[0])[:60])
        return result

    def watched_copy_end(self: Any, *exception: Any) -> None:
        copy_end(self, *exception)
        if exception[0] is None:
            step("sql end of COPY")

    def watched_leave(self: Any, *exception: Any) -> Any:
        handled = leave(self, *exception)
        if exception[0] is None:
            step("sql commit")
        return handled

    patch(psycopg.Cursor, "execute", watched_execute)
    patch(psycopg.Copy, "__exit__", watched_copy_end)
    patch(psycopg.Transaction, "__exit__", watched_leave)


class PrintingPipeline(Pipeline):
    """A pipeline that prints tracebacks, which the log omits.

    No client's data is in them here, and a failed run leaves nothing else to read.
    """

    def process(self, key: str, deadline: float | None = None) -> None:
        try:
            super().process(key, deadline)
        except Exception:
            traceback.print_exc()
            raise


def run(folder: Path, target: Target, key: str, last: int | None, steps_file: Path) -> None:
    """The whole life of the process, which handles one event as Lambda passes it.

    Args:
        folder: The folder of the objects.
        target: The database.
        key: The key of the object that the event names.
        last: The number of the step after which the process kills itself; None for a run to the end.
        steps_file: The file for the names of the steps, which a run to the end writes.
    """
    os.environ["PGSSLMODE"] = "disable"
    steps = Steps(last)
    watch_statements(steps)
    pipeline = PrintingPipeline(FolderS3(folder, steps), Database(lambda: target, lambda _: "token"), BUCKETS)
    process.handler._pipeline = lambda: pipeline  # type: ignore[assignment]
    answer = process.handler.handler(sqs_event(key), Context())
    steps("answer to SQS")
    if answer != {"batchItemFailures": []}:
        raise RuntimeError(f"the object failed: {answer}")
    steps_file.write_text("\n".join(steps.names))
