"""A row of the table: a figure, its reference, and the goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """How benches run.

    Attributes:
        repetitions: The samples of each side.
        project: The project's folder.
        large: Whether to measure also what takes minutes.
    """

    repetitions: int = 5
    project: Path = PROJECT
    large: bool = False


@dataclass(frozen=True)
class Goal:
    """A limit for the value. The limit itself is allowed."""

    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a goal is either at_most or at_least")

    def is_met(self, value: float) -> bool:
        """Whether the value keeps to the limit."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least

    def __str__(self) -> str:
        return f"<= {self.at_most:g}" if self.at_most is not None else f">= {self.at_least:g}"


@dataclass(frozen=True)
class Row:
    """A figure. A row without a goal is for information only.

    Attributes:
        figure: The name of the figure.
        value: A ratio, unless ``unit`` says otherwise.
        measured: The measured side, for people.
        reference: The other side, for people.
        goal: The limit for the value.
        unit: The unit of the value.
        samples: All measured seconds, by side.
    """

    figure: str
    value: float
    measured: str
    reference: str
    goal: Goal | None = None
    unit: str = "x"
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether the goal is met. True without a goal."""
        return self.goal is None or self.goal.is_met(self.value)
