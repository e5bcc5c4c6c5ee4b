"""Builders: pure Python that turns platforms into CloudFormation template sets.

A package imports only from those below it (``tests/test_architecture.py``)::

    platforms                the registry
    trading/  transactions/  a platform each: its tiers, each in a file that is called as its template, and ``platform``
    tiers/    assembly/      templates that both platforms have; the root template, and the files of a template set
    parts/                   what tiers are made of: a bucket, a function, a cluster, an alarm
    iam/                     statements named by intent, roles, denials
    contract/                ports, root parameters, tier templates, platforms as a type

Nothing here reads the environment, the clock or the network, and nothing imports boto3. What can go wrong while templates
are generated is a ``GenerationError`` (``contract.errors``)::

    GenerationError
    ├── ContractError        the ports of a platform's tiers do not fit together
    ├── NamingError          a name breaks the rules or passes the limit of its service
    └── LimitError           a template passes one of CloudFormation's quotas
"""
