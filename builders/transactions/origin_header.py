"""The secret header by which the load balancer knows CloudFront, and its turns.

CloudFront's address ranges are everybody's who has a distribution, so the prefix list alone does not tell ours. Two secrets
hold two values; the load balancer takes both, CloudFront sends one. A turn makes a new value of the secret that is not being
sent and sends it from then on: while CloudFront takes the change to its edges, which lasts minutes, the value before is still
good, and the turn after ends it. Which secret is in which generation in which turn is the mapping below, because templates
cannot count.

The secrets are named, not referenced by ARN: an ARN from a sibling template is a placeholder while a nested change set is
made, and a dynamic reference around it could not be read.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html
"""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn, FindInMap, Sub
from troposphere.secretsmanager import GenerateSecretString, Secret

from builders.contract import ports
from builders.contract.parameters import ORIGIN_HEADER_TURN, ORIGIN_HEADER_TURNS
from builders.contract.template import TierTemplate

HEADER = "X-Origin-Verify"
ROTATIONS = "OriginHeaderTurns"
COLOURS = ("Blue", "Green")


def rotations() -> dict[str, dict[str, str]]:
    """``OriginHeaderTurn`` → the generation of each secret, and which of the two CloudFront sends.

    Odd rotations renew and send blue, even ones green.
    """
    table = {}
    for turn in range(1, ORIGIN_HEADER_TURNS + 1):
        previous = turn - 1 if turn > 1 else ORIGIN_HEADER_TURNS
        is_odd = turn % 2 == 1
        renewed, kept = ("Blue", "Green") if is_odd else ("Green", "Blue")
        table[str(turn)] = {
            renewed: f"v{turn}",
            kept: f"v{previous}",
            "Sent": renewed.lower(),
            "Generation": f"v{turn}",
        }
    return table


def add_secrets(template: TierTemplate) -> list[Secret]:
    """The two secrets. Their key in the JSON is the generation, so a new generation makes Secrets Manager draw a new value."""
    template.add_mapping(ROTATIONS, rotations())
    return [
        template.add(
            Secret(
                f"Origin{colour}Secret",
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                Name=template.named(f"origin-{colour.lower()}"),
                Description="Header by which the load balancer knows CloudFront",
                KmsKeyId=template.use(ports.SECRETS_KEY),
                GenerateSecretString=GenerateSecretString(
                    SecretStringTemplate="{}",
                    GenerateStringKey=_generation(template, colour),
                    PasswordLength=64,
                    ExcludePunctuation=True,
                ),
            )
        )
        for colour in COLOURS
    ]


def accepted(template: TierTemplate) -> list[AWSHelperFn]:
    """The values that the load balancer takes."""
    template.add_mapping(ROTATIONS, rotations())
    return [_value(template, colour.lower(), _generation(template, colour)) for colour in COLOURS]


def sent(template: TierTemplate) -> AWSHelperFn:
    """The value that CloudFront sends."""
    template.add_mapping(ROTATIONS, rotations())
    turn = template.use(ORIGIN_HEADER_TURN)
    return _value(
        template, "${Sent}", FindInMap(ROTATIONS, turn, "Generation"), Sent=FindInMap(ROTATIONS, turn, "Sent")
    )


def _generation(template: TierTemplate, colour: str) -> FindInMap:
    return FindInMap(ROTATIONS, template.use(ORIGIN_HEADER_TURN), colour)


def _value(template: TierTemplate, colour: str, generation: AWSHelperFn, **more: Any) -> Sub:
    """Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html"""
    name = template.name_text(f"origin-{colour}")
    return Sub(f"{{{{resolve:secretsmanager:{name}:SecretString:${{Key}}}}}}", Key=generation, **more)
