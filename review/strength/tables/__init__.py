"""The tables of what makes a platform weaker or stronger, by subject.

A row says of which types it grades which property. A row of ``ANY`` holds for every type with a property of that name: the
services of AWS use one name for one thing. A row that names its types comes before a row of ``ANY`` with the same finding.
"""
