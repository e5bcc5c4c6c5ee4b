"""Builders: pure Python that turns platforms into CloudFormation template sets.

A package imports only from packages below it (``tests/test_architecture.py``)::

    platforms                the registry of platforms
    trading/  transactions/  one platform each: a module for each of its templates, with the template's name, and ``platform``
    tiers/    assembly/      templates of both platforms; the root template, and the files of a template set
    parts/                   what tiers consist of: a bucket, a function, a cluster, an alarm
    iam/                     statements named by intent, roles, denials
    contract/                ports, root parameters, tier templates, platforms as a type

Builders do not read the environment, the clock or the network, and do not import boto3. They raise a ``GenerationError``
(``contract.errors``) if they cannot generate a template set::

    GenerationError
    ├── ContractError        the ports of a platform's tiers do not fit together
    ├── NamingError          a name breaks the naming rules, or can exceed the limit of its service
    └── LimitError           a template exceeds one of CloudFormation's quotas
"""
