"""The embedded AWS: an emulator and a real PostgreSQL on loopback, for demos and tests.

`local.cloud.EmbeddedCloud` is what other packages import; `python -m local` is the same on the command line.
The emulator is ministack, pinned to one version: `local/emulator.py` runs it and `local/patches` and
`local/resources` mend, one by one, what it lacks.
"""
