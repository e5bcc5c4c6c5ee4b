"""Tools for the project itself. They are no part of what it generates, deploys, checks, emulates or measures.

- ``tools.venv`` creates the virtual environments. It runs on a Python without any package, so this file imports nothing.
- ``tools.outdated`` lists the pins that have a newer version.
- ``tools.openapi`` writes docs/openapi.yaml from the routes, the functions' schema and their limits.
- ``tools.layers`` has the table of what may import what, and draws it in docs/architecture.md.
- ``tools.rules_page`` writes docs/rules.md from the rules of every check.
- ``tools.schema_facts`` writes review/resource_types/schema_facts.json from cfn-lint's resource schemas.
- ``tools.review_pictures`` makes the pictures of docs/review.md.
- ``tools.pull_request_comment`` keeps the review of a pull request as one comment on GitHub.

They have a package of their own because each other package has one subject. The gate's are templates and parameters, and a
list of old pins is neither a finding nor a bench. No other package imports a tool.
"""
