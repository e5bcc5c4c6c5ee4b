"""The commands of ``python -m deploy``: one module each, with ``run(arguments, project)``, which returns the exit code.

In: the parsed arguments and the ``Project``. Out: what a person or a program reads, and the exit code.

``cli`` imports a command's module when the command runs. So a command that needs no AWS, such as ``review``, does not load
botocore, which takes half a second.

- ``bootstrap``, ``package``, ``plan``, ``review``, ``approve``, ``execute``, ``outputs``, ``destroy``, ``replay``: the
  commands.
- ``options`` and ``plan_files`` read what several commands take. ``gating`` is the option ``--fail-on``. ``approving`` checks
  names of blocked changes and records approvals.

A command must not decide anything about stacks: it calls the stages, asks and prints. It must not catch their errors, which
``cli`` turns into a message and an exit code.
"""
