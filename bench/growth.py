"""How the time of generation grows with platforms of 10, 100 and 1,000 tiers: the cost of one more resource in each.

The platforms are synthetic but complete: tiers with ports between them, names, tags, the derived root, YAML. Only
CloudFormation's limit of 500 resources in a template, which troposphere enforces, is lifted for the root, because the growth
shows only beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import troposphere
from troposphere import GetAtt
from troposphere.logs import LogGroup
from troposphere.sns import Topic
from troposphere.sqs import Queue

from bench.measure import interleave, medians, timed_call
from bench.rows import Goal, Row, Settings
from builders.assembly.emit import as_dict, render
from builders.assembly.root import assemble
from builders.contract.platform import Platform, Tier
from builders.contract.template import Port, TierTemplate

# Tiers, and how often a round generates a platform of that size. Other work of the machine would hide a short time.
REPETITIONS_BY_TIERS = {10: 20, 100: 4, 1_000: 1}
QUEUES = 8
RESOURCES = QUEUES + 2  # of a tier: the queues, a topic and a log group
CHAIN = 10  # each tenth tier begins a new chain; no platform that people write is deeper
# Linear growth means a constant marginal cost. The quarter allows for garbage collection and caches of a hundredfold heap.
GOAL = Goal(at_most=1.25)


def platform(tiers: int) -> Platform:
    """Build a platform. Each tier uses the port of its predecessor in the chain, and the last of a chain is the root's output."""
    ports = [Port(f"Queue{number}Arn", f"The ARN of queue {number}.") for number in range(tiers)]
    outputs = [port for number, port in enumerate(ports) if _ends_chain(number, tiers)]
    return Platform(
        name="synthetic",
        description="A synthetic platform.",
        tiers=tuple(Tier(f"tier{number}", _builder(number, ports)) for number in range(tiers)),
        outputs=tuple(outputs),
    )


def _ends_chain(number: int, tiers: int) -> bool:
    return number % CHAIN == CHAIN - 1 or number == tiers - 1


def _builder(number: int, ports: list[Port]) -> Callable[[str], TierTemplate]:
    def build(name: str) -> TierTemplate:
        template = TierTemplate(name, f"Synthetic tier {number}.")
        predecessor = template.use(ports[number - 1]) if number % CHAIN else None
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
        topic = Topic("Topic", TopicName=template.named(f"topic-{number}"), DisplayName=predecessor or "first")
        template.add(topic)
        template.add(LogGroup("Logs", LogGroupName=template.named(f"logs-{number}"), RetentionInDays=30))
        template.export(ports[number], GetAtt(queues[0], "Arn"))
        return template

    return build


def generate(synthetic: Platform) -> int:
    """Build, derive and render everything, and return the size of the text, so that no part can be skipped."""
    return sum(len(render(as_dict(template), "yaml")) for template in assemble(synthetic).templates.values())


def run(settings: Settings) -> list[Row]:
    """Measure the marginal cost of a resource from 100 to 1,000 tiers ÷ that from 10 to 100, as one row."""
    small, middle, large = REPETITIONS_BY_TIERS
    subjects = {str(size): timed_call(_repeated(platform(size), times)) for size, times in REPETITIONS_BY_TIERS.items()}
    with mock.patch.object(troposphere, "MAX_RESOURCES", large):
        rounds = interleave(subjects, settings.repetitions)
    samples = {
        str(size): [seconds / times for seconds in rounds[str(size)]] for size, times in REPETITIONS_BY_TIERS.items()
    }
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


def _repeated(synthetic: Platform, times: int) -> Callable[[], object]:
    def run() -> int:
        return sum(generate(synthetic) for _ in range(times))

    return run


def _marginal(times: dict[str, float], fewer: int, more: int) -> float:
    """The seconds for each additional resource of the larger platform."""
    return (times[str(more)] - times[str(fewer)]) / ((more - fewer) * RESOURCES)
