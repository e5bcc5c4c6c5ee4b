"""The project's own rules for cfn-lint, one in each file, with ids E98xx.

cfn-lint loads each file alone (``append_rules`` in .cfnlintrc), also in an editor that cannot import this project's
packages. So a rule imports from cfn-lint only, never from another file of this folder.

Each rule documents itself in the same class attributes, which ``docs/rules.md`` shows: ``shortdesc`` (the rule in one
sentence), ``description`` (what it demands), ``reason``, ``source_url``, ``failing_example`` and ``passing_example``. A
test runs the whole gate over the examples.

To suppress a rule for a resource, write the reason beside it (E9801 demands it):

    Metadata:
      cfn-lint:
        config:
          ignore_checks: [E9802]
        reasons:
          E9802: S3 delivers server access logs only to buckets under SSE-S3
"""
