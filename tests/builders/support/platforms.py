"""Small platforms for single tests."""

from __future__ import annotations

from troposphere import Ref
from troposphere.sns import Topic

from builders.contract.conditions import MANAGES_CONFIG_RECORDER
from builders.contract.platform import Platform, Tier
from builders.contract.template import Port, RootCondition, TierTemplate

VPC, SUBNET = Port("VpcId", "The VPC."), Port("SubnetId", "A subnet.")


def tier(
    name: str,
    *,
    uses: tuple[Port, ...] = (),
    exports: tuple[Port, ...] = (),
    offers: tuple[Port, ...] = (),
    at_times: tuple[Port, ...] = (),
    condition: RootCondition | None = None,
) -> Tier:
    """A tier with one topic.

    Args:
        name: the tier's name.
        uses: the ports that it uses.
        exports: the ports that it exports.
        offers: the ports that it offers.
        at_times: the ports that it exports while the stack manages the account's recorder.
        condition: the condition of the nested stack.
    """

    def build(platform: str) -> TierTemplate:
        template = TierTemplate(platform, name)
        topic = template.add(Topic(f"{name.capitalize()}Topic", TopicName=template.named(name)))
        for port in uses:
            template.use(port)
        for port in exports:
            template.export(port, Ref(topic))
        for port in offers:
            template.offer(port, Ref(topic))
        for port in at_times:
            template.export(port, Ref(topic), MANAGES_CONFIG_RECORDER)
        return template

    return Tier(name, build, condition)


def platform(*tiers: Tier, outputs: tuple[Port, ...] = ()) -> Platform:
    return Platform("sample", "A sample.", tiers, outputs)
