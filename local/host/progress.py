"""A sign of life while a step is at work: on a terminal one line that changes, in a log a line every ten seconds.

    progress = Progress.on(sys.stdout, "Lint them")
    with ticking(progress):
        progress.heard("what the command printed")

This is own code instead of a library, because it is one line, and it must say as much in a log as on a terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import TextIO

TICK_SECONDS = 1.0
"""The time between two looks at the clock."""

SILENCE_SECONDS = 10.0
"""A log without a line for so long gets one."""

LOG_COLUMNS = 120

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")  # ECMA-48, and xterm's titles
_ERASE = "\r\x1b[K"


class Progress:
    """One step: its title, how long it has been at work, and the last line that it printed.

    This base class is for logs. The step may print to it, too, for lines that stay (``write``, ``flush``).
    """

    def __init__(self, title: str, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._stream, self._clock = title, stream, clock
        self._begun = self._last_written = clock()
        self._last = ""
        self._lock = threading.Lock()  # the ticks come from another thread than the step's own lines

    @classmethod
    def on(cls, stream: TextIO, title: str) -> Progress:
        """Return the right class for the stream: a live line for a terminal, lines for a log."""
        is_terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        return LiveLine(title, stream) if is_terminal else Progress(title, stream)

    def heard(self, text: str) -> None:
        """Remember the last line of ``text`` that is not empty."""
        lines = [line for line in (plain(line) for line in text.splitlines()) if line]
        if lines:
            self._last = lines[-1]

    def tick(self) -> None:
        """Show that the step is at work, if it is time to."""
        with self._lock:
            if self._clock() - self._last_written >= SILENCE_SECONDS:
                self._last_written = self._clock()
                self._stream.write(fit(f"  … {self._state()}", LOG_COLUMNS) + "\n")
                self._stream.flush()

    def end(self) -> None:
        """Erase the line, if there is one."""

    def write(self, text: str) -> int:
        """Print text that stays."""
        with self._lock:
            self._last_written = self._clock()
            return self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def _state(self) -> str:
        seconds = f"{self._clock() - self._begun:.0f} s"
        return f"{seconds}: {self._last}" if self._last else seconds


class LiveLine(Progress):
    """For a terminal: a line that each tick writes anew and the end erases."""

    def __init__(self, title: str, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(title, stream, clock)
        self._is_drawn = False
        self._is_line_open = False

    def tick(self) -> None:
        """Write the line anew."""
        with self._lock:
            if self._is_line_open:
                return  # the step is in the middle of a line of its own
            columns = shutil.get_terminal_size().columns - 1  # in the last column some terminals wrap already
            self._stream.write(f"\r{fit(f'  {self._title} … {self._state()}', columns)}\x1b[K")
            self._stream.flush()
            self._is_drawn = True

    def end(self) -> None:
        """Erase the line."""
        with self._lock:
            self._erase()
            self._stream.flush()

    def write(self, text: str) -> int:
        """Print text that stays; the line makes way for it."""
        with self._lock:
            self._erase()
            self._is_line_open = not text.endswith("\n") if text else self._is_line_open
            return self._stream.write(text)

    def _erase(self) -> None:
        if self._is_drawn:
            self._stream.write(_ERASE)
            self._is_drawn = False


@contextlib.contextmanager
def ticking(progress: Progress, every_seconds: float = TICK_SECONDS) -> Iterator[None]:
    """Let the progress tick until the block ends, however it ends."""
    ended = threading.Event()

    def tick() -> None:
        with contextlib.suppress(OSError):  # the reader has gone: the step's own lines will fail, too
            while not ended.wait(every_seconds):
                progress.tick()

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        progress.end()


def plain(text: str) -> str:
    """Return a line without control characters and escape sequences; tabs become blanks."""
    visible = _ESCAPE.sub("", text).replace("\t", " ")
    return "".join(char for char in visible if unicodedata.category(char) not in ("Cc", "Cf")).strip()


def fit(text: str, columns: int) -> str:
    """Return the text, cut with an ellipsis if a terminal would need more than so many columns for it."""
    widths = [_columns_of(char) for char in text]
    if sum(widths) <= columns:
        return text
    length, used = 0, 1  # the ellipsis
    while length < len(text) and used + widths[length] <= columns:
        used += widths[length]
        length += 1
    return text[:length] + "…"


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
