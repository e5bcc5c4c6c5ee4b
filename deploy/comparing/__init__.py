"""Compares two template sets without AWS.

- ``sources``: reads a set from a folder, a file or a revision of git, and a parameter file for it.
- ``environments``: every environment of every platform, compared with a revision.
- ``comment``: the comment on a pull request.
"""
