"""What a person sees while a step is at work: a line that lives on a terminal, a line every ten seconds in a log."""

from __future__ import annotations

import io
import time

import pytest

from local.host.progress import LiveLine, Progress, fit, plain, ticking


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def after(progress: Progress, clock: Clock, seconds: float) -> None:
    clock.now += seconds
    progress.tick()


def test_a_log_hears_of_a_silent_step_every_ten_seconds(clock: Clock, stream: io.StringIO) -> None:
    progress = Progress("Lint them", stream, clock)
    for _ in range(25):
        after(progress, clock, 1)
    progress.end()
    assert stream.getvalue() == "  … 10 s\n  … 20 s\n"


def test_a_log_shows_the_last_line_of_the_command(clock: Clock, stream: io.StringIO) -> None:
    progress = Progress("Plan", stream, clock)
    progress.heard("first\n")
    progress.heard("second\n\n")
    after(progress, clock, 10)
    assert stream.getvalue() == "  … 10 s: second\n"


def test_a_log_needs_no_sign_of_life_beside_the_steps_own_lines(clock: Clock, stream: io.StringIO) -> None:
    progress = Progress("Use it", stream, clock)
    after(progress, clock, 9)
    print("posted", file=progress)
    after(progress, clock, 9)
    after(progress, clock, 1)
    assert stream.getvalue() == "posted\n  … 19 s\n"


def test_a_log_has_no_control_characters(clock: Clock, stream: io.StringIO) -> None:
    progress = Progress("Plan", stream, clock)
    progress.heard("\x1b[31m 50 %\x07\rall\tof it\x00\x1b[0m\n")
    after(progress, clock, 10)
    assert stream.getvalue() == "  … 10 s: all of it\n"


def test_a_terminals_line_ticks_in_place_and_goes(
    clock: Clock, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    progress = LiveLine("Plan", stream, clock)
    after(progress, clock, 1)
    progress.heard("ingest  1,692 kB\n")
    after(progress, clock, 1)
    progress.end()
    assert stream.getvalue() == "\r  Plan … 1 s\x1b[K\r  Plan … 2 s: ingest  1,692 kB\x1b[K\r\x1b[K"


def test_a_terminals_line_never_wraps(clock: Clock, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapped line would stay, because only the last row is erased."""
    progress = LiveLine("Package and plan", stream, clock)
    progress.heard("functions/日本語/" + "x" * 100)
    for columns in (80, 40, 10):
        monkeypatch.setenv("COLUMNS", str(columns))
        after(progress, clock, 1)
        line = stream.getvalue().split("\r")[-1].removesuffix("\x1b[K")
        assert len(line) <= columns - 1
        assert line.endswith("…")


def test_a_terminals_line_makes_way_for_the_steps_own(clock: Clock, stream: io.StringIO) -> None:
    progress = LiveLine("Use it", stream, clock)
    after(progress, clock, 1)
    print("posted", file=progress)
    progress.write("half")
    after(progress, clock, 1)  # not into the middle of a line
    progress.write(" and half\n")
    progress.end()
    assert stream.getvalue() == "\r  Use it … 1 s\x1b[K\r\x1b[Kposted\nhalf and half\n"


def test_nothing_is_drawn_for_a_step_that_is_quick(clock: Clock, stream: io.StringIO) -> None:
    LiveLine("Review it", stream, clock).end()
    assert stream.getvalue() == ""


def test_the_line_lives_where_a_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(Progress.on(Terminal(), "x"), LiveLine)
    assert type(Progress.on(io.StringIO(), "x")) is Progress
    monkeypatch.setenv("TERM", "dumb")
    assert type(Progress.on(Terminal(), "x")) is Progress


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("日本語", 6, "日本語"),
        ("日本語x", 6, "日本…"),
        ("abc", 0, "…"),
    ],
)
def test_a_line_is_cut_by_columns(text: str, columns: int, cut: str) -> None:
    assert fit(text, columns) == cut


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;32mok\x1b[0m", "ok"),
        ("\x1b]0;title\x07text", "text"),
        ("a\tb", "a b"),
        ("  spaces  ", "spaces"),
        ("\u202ereversed", "reversed"),
        ("cut \x1b[", "cut"),
    ],
)
def test_what_moves_a_cursor_is_left_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_ticks_end_with_the_block_however_it_ends(stream: io.StringIO) -> None:
    class Counting(Progress):
        ticks = 0
        ended = False

        def tick(self) -> None:
            self.ticks += 1

        def end(self) -> None:
            self.ended = True

    def interrupted() -> None:
        with ticking(progress, every_seconds=0.001):
            while progress.ticks < 3:
                time.sleep(0.001)
            raise KeyboardInterrupt

    progress = Counting("x", stream)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    ticks = progress.ticks
    time.sleep(0.02)
    assert (progress.ended, progress.ticks) == (True, ticks)


def test_a_reader_that_has_gone_is_the_steps_own_affair() -> None:
    """The ticking thread ended with a traceback of its own."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    class Ticking(Progress):
        ticks = 0

        def tick(self) -> None:
            self.ticks += 1
            self._stream.write("x")

    progress = Ticking("x", Closed())
    with ticking(progress, every_seconds=0.001):
        time.sleep(0.05)
    assert progress.ticks == 1
