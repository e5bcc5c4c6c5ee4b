"""Aurora Serverless databases that pause: at a minimum of 0 ACU an idle instance stops, and the next connection resumes it.

A resume takes about 15 seconds, and 30 or more after a pause of more than a day. Meanwhile connections wait.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
"""

from __future__ import annotations

from troposphere import AWSHelperFn, Equals, If, Ref

from builders.contract import parameters
from builders.contract.template import TierTemplate

CONDITION = "DatabasePauses"
AUTO_PAUSE_SECONDS = 300
"""How long an instance is idle before it pauses: the shortest time that Aurora accepts."""
IDLE_SESSION_MILLISECONDS = 300_000
"""How long a session is idle before PostgreSQL closes it.

An instance with an open connection does not pause, and the environment of a function keeps its connection while Lambda freezes
it. Functions open a new connection when they find theirs closed.
"""
RESUME_PERIODS = 3
"""In how many periods in a row an alarm must see a fault that a resume also causes. A resume touches two at most."""


def when_pausing(
    template: TierTemplate, value: AWSHelperFn | str | int, otherwise: AWSHelperFn | str | int | None = None
) -> If:
    """The value if the database pauses, else the other one; None stands for no value. Adds the condition to the template."""
    template.add_condition(CONDITION, Equals(template.use(parameters.DATABASE_MIN_CAPACITY), "0"))
    return If(CONDITION, value, Ref("AWS::NoValue") if otherwise is None else otherwise)
