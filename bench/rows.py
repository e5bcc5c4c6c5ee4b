"""A row of the table: a figure, what it is compared with, and the goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """How benches run: the repetitions of each side, the project they run on, and whether also on what takes long."""

    repetitions: int = 5
    project: Path = PROJECT
    large: bool = False


@dataclass(frozen=True)
class Goal:
    """A bound that the value must keep, itself included."""

    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a goal is either at_most or at_least")

    def is_met(self, value: float) -> bool:
        """Whether the value keeps the bound."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least

    def __str__(self) -> str:
        return f"<= {self.at_most:g}" if self.at_most is not None else f">= {self.at_least:g}"


@dataclass(frozen=True)
class Row:
    """One figure. `value` is a ratio unless `unit` says otherwise; a row without goal is for orientation only."""

    figure: str
    value: float
    measured: str
    reference: str
    goal: Goal | None = None
    unit: str = "x"
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether the goal is met; always where there is none."""
        return self.goal is None or self.goal.is_met(self.value)
