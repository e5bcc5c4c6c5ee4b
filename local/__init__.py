"""The embedded AWS: an emulator and real databases on loopback, for demos and tests.

`local.cloud.EmbeddedCloud` is what other packages import; `python -m local` is the same on the command line.
The emulator is ministack, pinned to one version: `local/launch/emulator.py` runs it and `local/patches` and
`local/resources` mend, one by one, what it lacks.

- databases: `postgres` (Aurora PostgreSQL, behind `database_proxy`), `mariadb` and `mysql_clusters` (Aurora MySQL);
- `web/`: the instances of Auto Scaling groups as processes, the doors of load balancers and distributions, their logs;
- `demo` and `demos/`: `make demo`, one module a platform; `smoke` and `payments` are the clients that it and the tests use;
- `guard` ends everything when the starter ends, `leftovers` tells what a destroy left.
"""
