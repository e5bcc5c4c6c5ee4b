"""What a person sees while a step is at work: on a terminal one line that lives, in a log a line every ten seconds.

    progress = Progress.on(sys.stdout, "Lint them")
    with ticking(progress):
        progress.heard("what the command printed")

Own code rather than a library: it is one line, and it must say as much in a log as on a terminal.
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

TICK = 1.0
"""Seconds between two looks at the clock."""

SILENCE = 10.0
"""Seconds without a line after which a log gets one."""

LOG_COLUMNS = 120

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")  # ECMA-48, and xterm's titles
_ERASE = "\r\x1b[K"


class Progress:
    """One step: its title, for how long it has been at work, and the last line that it printed.

    The base class is for logs. It is also what the step may print to for good (`write`, `flush`).
    """

    def __init__(self, title: str, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._stream, self._clock = title, stream, clock
        self._begun = self._seen = clock()
        self._last = ""
        self._lock = threading.Lock()  # the ticks come from another thread than the step's own lines

    @classmethod
    def on(cls, stream: TextIO, title: str) -> Progress:
        """The right one for the stream."""
        is_terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        return LiveLine(title, stream) if is_terminal else Progress(title, stream)

    def heard(self, text: str) -> None:
        """Remember the last line of `text`, which is not shown as it is."""
        lines = [line for line in (plain(line) for line in text.splitlines()) if line]
        if lines:
            self._last = lines[-1]

    def tick(self) -> None:
        """Show that the step is at work, where it is time to."""
        with self._lock:
            if self._clock() - self._seen >= SILENCE:
                self._seen = self._clock()
                self._stream.write(fit(f"  … {self._state()}", LOG_COLUMNS) + "\n")
                self._stream.flush()

    def end(self) -> None:
        """Leave nothing of the line."""

    def write(self, text: str) -> int:
        """Print for good."""
        with self._lock:
            self._seen = self._clock()
            return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def _state(self) -> str:
        seconds = f"{self._clock() - self._begun:.0f} s"
        return f"{seconds}: {self._last}" if self._last else seconds


class LiveLine(Progress):
    """For a terminal: a line that is written anew with each tick, and erased at the end."""

    def __init__(self, title: str, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(title, stream, clock)
        self._is_drawn = False
        self._is_line_open = False

    def tick(self) -> None:
        with self._lock:
            if self._is_line_open:
                return  # the step is in the middle of a line of its own
            columns = shutil.get_terminal_size().columns - 1  # in the last column some terminals wrap already
            self._stream.write(f"\r{fit(f'  {self._title} … {self._state()}', columns)}\x1b[K")
            self._stream.flush()
            self._is_drawn = True

    def end(self) -> None:
        with self._lock:
            self._erase()
            self._stream.flush()

    def write(self, text: str) -> int:
        with self._lock:
            self._erase()
            self._is_line_open = not text.endswith("\n") if text else self._is_line_open
            return self._stream.write(text)

    def _erase(self) -> None:
        if self._is_drawn:
            self._stream.write(_ERASE)
            self._is_drawn = False


@contextlib.contextmanager
def ticking(progress: Progress, every: float = TICK) -> Iterator[None]:
    """Let the progress tick until the block ends, however it ends."""
    ended = threading.Event()

    def tick() -> None:
        with contextlib.suppress(OSError):  # nobody reads any more: the step's own lines will tell
            while not ended.wait(every):
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
    """A line without what moves the cursor or colours it; tabs become blanks."""
    visible = _ESCAPE.sub("", text).replace("\t", " ")
    return "".join(char for char in visible if unicodedata.category(char) not in ("Cc", "Cf")).strip()


def fit(text: str, columns: int) -> str:
    """The text, cut with an ellipsis where a terminal would need more than so many columns for it."""
    widths = [_columns_of(char) for char in text]
    if sum(widths) <= columns:
        return text
    kept, used = 0, 1  # the ellipsis
    while kept < len(text) and used + widths[kept] <= columns:
        used += widths[kept]
        kept += 1
    return text[:kept] + "…"


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
