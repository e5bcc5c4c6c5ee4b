"""How every command of the project begins and ends: `sys.exit(run("gate.cli", …))` in what `python` is called with.

Ctrl-C prints one sentence and gives exit code 130, also while modules are still being imported. A reader that has seen
enough, such as `head`, ends a command quietly.

It stands beside generate.py because builders, deployer, gate and embedded AWS must not import each other
(tests/test_architecture.py), and it belongs to none of them. It imports next to nothing: it is to be armed before
anything takes time. What the interpreter does before (a few milliseconds) is out of its reach.
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
from types import FrameType

INTERRUPTED = 130
"""128 + SIGINT: what a shell gives for a command that Ctrl-C has ended."""

READER_GONE = 1
"""As in "Note on SIGPIPE" (docs.python.org/3/library/signal.html), which also says why SIGPIPE is not simply let through:
a lost connection to AWS would then end the process as well."""

BEFORE_IT_BEGAN = "Interrupted before it began: nothing was started or changed."

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def run(module: str, interrupted: str) -> int:
    """Import `module`, run its `main()` and give the exit code. `interrupted` is the sentence for Ctrl-C during `main`.

    Raises what `main` raises, except for KeyboardInterrupt and the BrokenPipeError of a reader that has gone.
    """
    try:
        # Importing leaves nothing to be undone, and an exception could be lost in it: some of it runs in callbacks.
        _on_interrupt(_leave)
        main: Callable[[], int] = importlib.import_module(module).main
        _on_interrupt(signal.default_int_handler)
        return _complete(main)
    except KeyboardInterrupt:
        _on_interrupt(signal.SIG_DFL)  # whoever presses it again wants no more sentences
        _say(interrupted)
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


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the block has ended. By a handler: what is ignored or blocked would be so in children, too."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield  # no Ctrl-C gets here
        return
    pressed: list[object] = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append(_))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _complete(main: Callable[[], int]) -> int:
    """Write all that was printed while a failure can still be handled; at exit the interpreter could only complain."""
    try:
        code = main()
    except SystemExit:
        _flush()
        raise
    _flush()
    return code


def _flush() -> None:
    if sys.stdout is not None:  # closed by the caller (>&-)
        sys.stdout.flush()


def _on_interrupt(handler: Handler) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as nohup and a shell's background jobs have it
        signal.signal(signal.SIGINT, handler)


def _leave(*_: object) -> None:
    _say(BEFORE_IT_BEGAN)
    os._exit(INTERRUPTED)


def _say(sentence: str) -> None:
    """Below the terminal's own ^C, and past Python's buffers, which may be in the middle of something."""
    try:
        os.write(2, f"\n{sentence}\n".encode())
    except OSError:
        return  # nobody is there to read it


def _has_no_reader(stream: object) -> bool:
    descriptor = _descriptor(stream)
    if descriptor is None:
        return False
    look = select.poll()
    look.register(descriptor, select.POLLOUT)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in look.poll(0))


def _discard(stream: object) -> None:
    """Lead a stream to nowhere, so that what it still holds does not fail again when the interpreter ends."""
    descriptor = _descriptor(stream)
    if descriptor is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _descriptor(stream: object) -> int | None:
    try:
        number: int = stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError):  # None where the caller closed it, or none of the system's
        return None
    return number
