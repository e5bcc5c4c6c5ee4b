"""The project's own rules for templates, one in each file, with ids E98xx.

A ``.guard`` file is a rule in the language of CloudFormation Guard. ``gate.guard`` reads it, and cloudformation-validate
evaluates it. Guard looks at the template as it is written, so these rules are about properties of one resource. A ``.py``
file is a rule for cfn-lint. It is for what needs more: values of parameters, Fn::Sub, several resources, the grammar of
policies. ``docs/decisions/0032-rules-in-guard-and-python.md`` says how to choose.

cfn-lint loads each file alone (``append_rules`` in .cfnlintrc), also in an editor that cannot import this project's
packages. So a rule imports from cfn-lint only. What rules share is in files whose names begin with an underscore, which each
of them loads by its path with cfn-lint's own loader. cfn-lint takes no such file for a rule:

* ``_values`` reads properties, in both arms of Fn::If;
* ``_texts`` resolves values to the texts that they can have, and finds references;
* ``_policies`` reads the statements of policies;
* ``_network`` reads the rules of security groups;
* ``_transport`` finds ways without TLS.

Each Python rule documents itself in the same class attributes, which ``docs/rules.md`` shows: ``shortdesc`` (the rule in one
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
