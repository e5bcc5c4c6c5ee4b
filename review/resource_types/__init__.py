"""What is known of AWS's resource types, without a call.

- ``schema_facts`` reads what the types' schemas say of replacements, orders and attributes; ``python -m tools.schema_facts``
  writes its table.
- ``return_values`` adds what AWS describes for people only: which attributes follow a change in place.
- ``holds`` lists the types whose deletion loses data, identity or evidence.
"""
