"""Says of the change of a resource whether it makes the platform weaker or stronger, broader or narrower.

The strength of a property is a rank: a number, a truth, or a set of what is protected or allowed. A table says of which
property which measure gives the rank. Both sides of a change get a rank, and the comparison of the two gives the direction,
so the reversal always has the opposite label::

    values ──> measures, grades: the rank of a value
                   │
    order: the comparison of two ranks ──> rows: a row of a table, and its findings
                                               │
                                           tables: one module for each subject
                                               │
    tree: both sides, place by place ──────> grading ──> Remarks <── ports: rules of security groups and network ACLs
                                               │
                                           deletion: DeletionPolicy and UpdateReplacePolicy of what holds data
    interruptions: properties whose update interrupts

Policy documents are not graded here. A value that only the deployment knows is never taken for safe: if it could be weaker
than the known side, the finding says so.
"""

from review.strength.grading import grade

__all__ = ["grade"]
