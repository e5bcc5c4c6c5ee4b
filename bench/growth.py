"""How generation grows: platforms of 10, 100 and 1,000 tiers, and what one more resource costs in each.

The platforms are synthetic but go the whole way: tiers with ports between them, names, tags, the derived root, YAML.
Only CloudFormation's limit of 500 resources a template, which troposphere enforces, is lifted for the root: how the
work grows is seen beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import troposphere
from troposphere import GetAtt
from troposphere.logs import LogGroup
from troposphere.sns import Topic
from troposphere.sqs import Queue

from bench.measure import call, interleave, medians
from bench.rows import Goal, Row, Settings
from builders.assembly.emit import as_dict, render
from builders.assembly.root import assemble
from builders.contract.platform import Platform, Tier
from builders.contract.template import Port, TierTemplate

# Tiers, and how often a platform of that size is generated in a round: a short time would drown in what else the
# machine does.
SIZES = {10: 20, 100: 4, 1_000: 1}
QUEUES = 8  # with a topic and a log group ten resources a tier
RESOURCES = QUEUES + 2
CHAIN = 10  # every tenth tier begins a new chain; no platform of people is deeper
# Linear means a marginal cost that stays. The quarter is for the collector and the caches of a hundredfold heap.
GOAL = Goal(at_most=1.25)


def platform(tiers: int) -> Platform:
    """So many tiers: each uses the port of the one before it in its chain, the last of a chain is the root's output."""
    ports = [Port(f"Queue{number}Arn", f"The ARN of queue {number}.") for number in range(tiers)]
    last = [port for number, port in enumerate(ports) if _ends_chain(number, tiers)]
    return Platform(
        name="synthetic",
        description="A synthetic platform.",
        tiers=tuple(Tier(f"tier{number}", _builder(number, ports)) for number in range(tiers)),
        outputs=tuple(last),
    )


def _ends_chain(number: int, tiers: int) -> bool:
    return number % CHAIN == CHAIN - 1 or number == tiers - 1


def _builder(number: int, ports: list[Port]) -> Callable[[str], TierTemplate]:
    def build(name: str) -> TierTemplate:
        template = TierTemplate(name, f"Synthetic tier {number}.")
        before = template.use(ports[number - 1]) if number % CHAIN else None
        queues = [
            template.add(
                Queue(
                    f"Queue{index}",
                    QueueName=template.named(f"queue-{number}-{index}"),
                    MessageRetentionPeriod=1_209_600,
                    VisibilityTimeout=60 + index,
                    SqsManagedSseEnabled=True,
                )
            )
            for index in range(QUEUES)
        ]
        topic = Topic("Topic", TopicName=template.named(f"topic-{number}"), DisplayName=before or "first")
        template.add(topic)
        template.add(LogGroup("Logs", LogGroupName=template.named(f"logs-{number}"), RetentionInDays=30))
        template.export(ports[number], GetAtt(queues[0], "Arn"))
        return template

    return build


def generate(synthetic: Platform) -> int:
    """Build, derive and render everything; the size of the text, so that nothing can be skipped."""
    return sum(len(render(as_dict(template), "yaml")) for template in assemble(synthetic).templates.values())


def run(settings: Settings) -> list[Row]:
    """One row: the marginal cost of a resource from 100 to 1,000 tiers ÷ that from 10 to 100."""
    small, middle, large = SIZES
    subjects = {str(size): call(_repeated(platform(size), times)) for size, times in SIZES.items()}
    with mock.patch.object(troposphere, "MAX_RESOURCES", large):
        rounds = interleave(subjects, settings.repetitions)
    samples = {str(size): [seconds / times for seconds in rounds[str(size)]] for size, times in SIZES.items()}
    times = medians(samples)
    low = _marginal(times, small, middle)
    high = _marginal(times, middle, large)
    return [
        Row(
            figure=f"one more resource at {large:,} tiers",
            value=high / low,
            measured=f"{high * 1e6:.0f} µs each, {large * RESOURCES:,} resources in {times[str(large)]:.2f} s",
            reference=f"at {middle} tiers: {low * 1e6:.0f} µs each",
            goal=GOAL,
            samples=samples,
        )
    ]


def _repeated(item: Platform, times: int) -> Callable[[], object]:
    def run() -> int:
        return sum(generate(item) for _ in range(times))

    return run


def _marginal(times: dict[str, float], fewer: int, more: int) -> float:
    """Seconds for each resource that the larger platform has more."""
    return (times[str(more)] - times[str(fewer)]) / ((more - fewer) * RESOURCES)
