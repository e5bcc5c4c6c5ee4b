"""Builders: pure Python that turns platforms into CloudFormation template sets.

The way through this package:

- ``platforms``  the platforms, each an ordered tuple of tiers; ``trading`` and ``transactions`` hold their larger tables;
- a tier is a module with ``build(platform, …) -> TierTemplate``:
  of both platforms   ``keys`` (``key_rows``), ``network`` (``security_groups``), ``housekeeping``, ``alerts``, ``compliance``;
  of trading          ``storage``, ``tables``, ``postgres``, ``functions``, ``api`` (``routes``), ``lake``, ``observability``;
  of transactions     ``log_storage``, ``mysql``, ``secrets`` (``origin_header``), ``web`` (``balancer``, ``boot.sh``), ``edge``,
                      ``web_observability``;
- what tiers are made of: ``aurora``, ``buckets``, ``queues``, ``lambdas``, ``logs``, ``firewall``, ``alarms``, ``dashboard``;
- ``contract``   ports, the typed values that cross from one template to another, and ``TierTemplate``, which keeps the
  record of what a tier uses, exports and offers;
- ``parameters`` the root parameters, ``console`` their groups and order there, ``rules`` what holds between them;
- ``statements`` IAM statements named by intent, ``denials`` for the policies of resources, ``roles``, ``regions``;
- ``naming`` names, suffix and length limits; ``tagging`` the tags; ``suppressions`` findings that a requirement forces;
- ``root``       derives the root template from the tiers; ``emit`` writes templates as ordered, byte-stable YAML or JSON;
- ``limits``     CloudFormation's quotas.

Nothing here reads the environment, the clock or the network, and nothing imports boto3 (tests/test_architecture.py).
"""
