"""Figures of the project, each as a ratio to a named reference measured in the same run (`python -m bench`).

A machine is fast or slow, busy or idle; a ratio of two things done in turn on it is neither. So no goal is in seconds:
each compares a median with the median of a reference, both repeated in alternation (`measure.interleave`).

A bench is a module with a function `run(Settings) -> list[Row]`, entered in the table of `bench.registry`. Goals are
data in the rows; a goal that is missed makes the exit code 1.
"""
