"""Figures of the project, each as a ratio to a named reference that is measured in the same run (``python -m bench``).

A machine may be fast or slow, busy or idle. A ratio of two measurements in turn depends on neither. So no goal is in seconds:
each compares a median with the median of a reference, both repeated in alternation (``measure.interleave``).

A bench is a module with a function ``run(Settings) -> list[Row]``, entered in the table of ``bench.registry``. Goals are
data in the rows. A missed goal makes the exit code 1.

The errors (``errors``), which make the exit code 2::

    BenchError
    ├── CommandError         a measured command failed
    ├── UnknownBenchError    the command line names an unknown bench
    └── DifferentBarsError   two sides of bench process do not make the same bars
"""
