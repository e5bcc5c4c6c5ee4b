"""What a plan does: the comparison and CloudFormation's change set together, judged.

- ``verdict`` judges a plan; the result is a ``Review`` (``reviewed``).
- ``judgement`` decides for one resource: certain, possible or noise. ``consequences`` and ``stakes`` say what that means.
- ``permissions`` judges the policies of the whole plan.
- ``chapters``, ``counts`` and ``causes`` order and explain what is judged; ``fail_on`` makes an exit code of it.
"""
