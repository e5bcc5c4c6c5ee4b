"""The project's own rules for cfn-lint, one in each file, with ids E98xx.

cfn-lint loads each file alone (``append_rules`` in .cfnlintrc), also in an editor that cannot import this project's
packages. So a rule imports from cfn-lint only. What rules share is in ``_values.py``, which each of them loads by its path
with cfn-lint's own loader. cfn-lint takes no file for a rule whose name begins with an underscore.

Each rule documents itself in the same class attributes, which ``docs/rules.md`` shows: ``shortdesc`` (the rule in one
sentence), ``description`` (what it demands), ``reason``, ``source_url``, ``failing_example`` and ``passing_example``. The
passing example is the failing one, corrected: a replacement in its text, or a text of its own if the correction adds or
moves lines. A test runs the whole gate over the examples.

To suppress a rule for a resource, write the reason beside it (E9801 demands it):

    Metadata:
      cfn-lint:
        config:
          ignore_checks: [E9802]
        reasons:
          E9802: S3 delivers server access logs only to buckets under SSE-S3
"""
