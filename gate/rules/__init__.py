"""The project's own rules for cfn-lint, one a file; ids E98xx.

cfn-lint loads each file by itself (`append_rules` in .cfnlintrc), also when it runs in an editor that knows nothing
of this project's packages. So a rule imports from cfn-lint only, never from its neighbours.

A rule that is wrong for one resource is switched off there, with the reason beside it (E9801 insists):

    Metadata:
      cfn-lint:
        config:
          ignore_checks: [E9802]
        reasons:
          E9802: S3 delivers server access logs only to buckets under SSE-S3
"""
