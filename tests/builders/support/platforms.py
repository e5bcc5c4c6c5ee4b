"""Small platforms for single tests."""

from __future__ import annotations

from troposphere import Ref
from troposphere.sns import Topic

from builders.contract.platform import Platform, Tier
from builders.contract.template import Port, TierTemplate

VPC, SUBNET = Port("VpcId", "The VPC."), Port("SubnetId", "A subnet.")


def tier(
    name: str, *, uses: tuple[Port, ...] = (), exports: tuple[Port, ...] = (), offers: tuple[Port, ...] = ()
) -> Tier:
    def build(platform: str) -> TierTemplate:
        template = TierTemplate(platform, name)
        topic = template.add(Topic(f"{name.capitalize()}Topic", TopicName=template.named(name)))
        for port in uses:
            template.use(port)
        for port in exports:
            template.export(port, Ref(topic))
        for port in offers:
            template.offer(port, Ref(topic))
        return template

    return Tier(name, build)


def platform(*tiers: Tier, outputs: tuple[Port, ...] = ()) -> Platform:
    return Platform("sample", "A sample.", tiers, outputs)
