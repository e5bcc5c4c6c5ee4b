"""The embedded AWS: an emulator and real databases on loopback, for demos and tests.

``local.cloud.EmbeddedCloud`` is what other packages import; ``python -m local`` is the same on the command line. The
emulator is ministack, pinned to one version. ``patches`` and ``resources`` close its gaps one by one.

Imports point downwards only (tests/test_architecture.py):

    __main__            ``python -m local``
    demos               ``make demo``, one module a platform
    clients, testing    clients of the platforms; fixtures
    lifecycle           the end of a cloud that a person started
    cloud               EmbeddedCloud
    launch              the emulator's process and what it serves
    resources           resource types that the emulator lacks, or has only in part
    web                 the instances of Auto Scaling groups as processes; requests for host names; access logs
    patches             gaps of the emulator, one module each
    ministack           the ways into the emulator
    databases           PostgreSQL and MariaDB servers
    host                processes, ports, certificates, database programs, errors
    market_data         sample trades and quotes

The errors; a module stands beside those that ``host.errors`` does not define:

    LocalError
    ├── StartError                      a process did not become healthy
    ├── PostgresError                   PostgreSQL could not be found, initialised or started
    ├── EmulatorMismatchError           the installed emulator is not the one that the patches expect
    ├── StateError                      the state does not allow the command
    ├── ServerMissingError              a database server is missing and cannot be downloaded
    ├── PackageError                    apt could not deliver a package
    ├── UnknownPrincipalError           no principal has the access key (ministack.permissions)
    ├── PatternError                    a filter pattern that is not supported (patches.filter_patterns)
    ├── UnexpectedAnswerError           a deployed platform does not do what its clients rely on (clients.answer)
    └── StepError                       a command of the demo failed (demos.steps)
"""
