"""How each command of the project starts and ends: ``sys.exit(run("gate.cli", …))`` in the file that ``python`` runs.

Ctrl-C prints one sentence and ends the command with exit code 130, also while modules are still being imported. If the reader
of the output ends first, such as ``head``, the command ends quietly.

This module is at the top level because builders, deployer, gate and embedded AWS must not import each other
(tests/test_architecture.py), and it belongs to none of them. It imports very little, because it must catch Ctrl-C before
anything takes time. It cannot catch Ctrl-C while the interpreter itself starts (a few milliseconds).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType

INTERRUPTED = 130
"""128 + SIGINT: the exit code that shells use for a command that Ctrl-C has ended."""

READER_GONE = 1
"""The exit code if the reader of the output has ended, as in "Note on SIGPIPE" (docs.python.org/3/library/signal.html).

The note also says why SIGPIPE must not have its default effect: a lost connection to AWS would then end the process too.
"""

INTERRUPTED_BEFORE_START = "Interrupted before the start. Nothing was started or changed."

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def run(module: str, interrupted: str) -> int:
    """Import a module, run its ``main()`` and return the exit code.

    Exceptions of ``main`` pass through, except for KeyboardInterrupt and the BrokenPipeError of a reader that has ended.

    Args:
        module: The module's name.
        interrupted: The sentence for Ctrl-C while ``main`` runs.
    """
    try:
        main: Callable[[], int] = load(module).main
        _on_interrupt(signal.default_int_handler)
        return _complete(main)
    except KeyboardInterrupt:
        _on_interrupt(signal.SIG_DFL)  # a second Ctrl-C ends the process without a sentence
        _print_error(interrupted)
        return INTERRUPTED
    except BrokenPipeError:
        if not any(_has_no_reader(stream) for stream in (sys.stdout, sys.stderr)):
            raise
        return READER_GONE
    finally:
        _on_interrupt(signal.SIG_DFL)
        for stream in (sys.stdout, sys.stderr):
            if _has_no_reader(stream):
                _discard(stream)


def load(module: str) -> ModuleType:
    """Import a module; meanwhile Ctrl-C ends the process with a sentence.

    An import needs no cleanup. An exception could be lost during it, because parts of it run in callbacks.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or previous is None:
        return importlib.import_module(module)  # Ctrl-C does not reach this thread, or not Python
    _on_interrupt(_exit_at_once)
    try:
        return importlib.import_module(module)
    finally:
        _on_interrupt(previous)


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Delay Ctrl-C until the block has ended. Ignoring or blocking the signal would affect child processes too."""
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield  # Ctrl-C does not reach this thread, or has no handler to delay
        return
    interruptions: list[object] = []
    signal.signal(signal.SIGINT, lambda *_: interruptions.append(_))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if interruptions:
        raise KeyboardInterrupt


def _complete(main: Callable[[], int]) -> int:
    """Run ``main`` and flush its output here, where a failure can be handled. At exit the interpreter could only report it."""
    try:
        exit_code = main()
    except SystemExit:
        _flush()
        raise
    _flush()
    return exit_code


def _flush() -> None:
    if sys.stdout is not None:  # None if the caller closed it (>&-)
        sys.stdout.flush()


def _on_interrupt(handler: Handler | int) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # nohup and a shell's background jobs ignore it
        signal.signal(signal.SIGINT, handler)


def _exit_at_once(*_: object) -> None:
    _print_error(INTERRUPTED_BEFORE_START)
    os._exit(INTERRUPTED)


def _print_error(sentence: str) -> None:
    """Print below the terminal's own ^C, without Python's buffers, which may hold half a line."""
    try:
        os.write(2, f"\n{sentence}\n".encode())
    except OSError:
        return  # the stream has no reader


def _has_no_reader(stream: object) -> bool:
    descriptor = _descriptor(stream)
    if descriptor is None:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _discard(stream: object) -> None:
    """Redirect a stream to the null device, so that its buffer does not fail again when the interpreter ends."""
    descriptor = _descriptor(stream)
    if descriptor is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _descriptor(stream: object) -> int | None:
    try:
        number: int = stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError):  # the caller closed it (None), or it is not a stream of the system
        return None
    return number
