"""Parts: what tiers consist of. A part adds resources to a tier's template. It imports ports, but no tier.

- data: ``aurora``, ``buckets``, ``queues``, ``keys``;
- code: ``lambdas``, ``custom_resources``;
- network and edge: ``security_groups``, ``firewall``;
- operation: ``logs``, ``alarms``, ``dashboard``;
- every resource: ``tagging``, and ``suppressions`` of findings that a requirement forces.
"""
