"""Builders: pure Python that turns platforms into CloudFormation template sets.

The way through this package:

- ``platforms``  the platforms, each an ordered tuple of tiers;
- one module per tier (``keys``, ``network``, ``storage`` …), each with ``build(platform) -> TierTemplate``;
- ``contract``   ports, the typed values that cross from one template to another, and ``TierTemplate``, which keeps the
  record of what a tier uses and exports;
- ``parameters`` the root parameters, in the order and the groups in which the console shows them;
- ``statements`` IAM statements named by intent; ``naming`` names, suffix and length limits; ``tagging`` the tags;
- ``root``       derives the root template from the tiers; ``emit`` writes templates as ordered, byte-stable YAML or JSON;
- ``limits``     CloudFormation's quotas.

Nothing here reads the environment, the clock or the network, and nothing imports boto3 (tests/test_architecture.py).
"""
