"""The secret header by which the load balancer recognizes CloudFront, and its rotation.

All distributions of all customers share CloudFront's address ranges, so the prefix list alone does not identify this one. Two
secrets, blue and green, contain two values. The load balancer accepts both, and CloudFront sends one.

A rotation renews the secret that CloudFront does not send, and makes CloudFront send it from then on. CloudFront needs minutes
to propagate the change to its edges; meanwhile the load balancer still accepts the previous value. The next rotation renews
that one. The parameter ``OriginHeaderTurn`` numbers the rotations. The mapping below gives the generation of each secret for
each rotation, because templates cannot do arithmetic.

Templates refer to the secrets by name, not by ARN. While CloudFormation creates a nested change set, an ARN from a sibling
template is a placeholder, and CloudFormation could not resolve a dynamic reference that contains it.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html
"""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn, FindInMap, Sub
from troposphere.secretsmanager import GenerateSecretString, Secret

from builders.contract import ports
from builders.contract.parameters import ORIGIN_HEADER_TURN, ORIGIN_HEADER_TURNS
from builders.contract.template import TierTemplate
from builders.parts import pack_rules
from builders.parts.suppressions import suppress

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
        renewed, unchanged = ("Blue", "Green") if is_odd else ("Green", "Blue")
        table[str(turn)] = {
            renewed: f"v{turn}",
            unchanged: f"v{previous}",
            "Sent": renewed.lower(),
            "Generation": f"v{turn}",
        }
    return table


def add_secrets(template: TierTemplate) -> list[Secret]:
    """Adds the two secrets.

    Their key in the JSON is the generation, so that Secrets Manager generates a new value for a new generation.
    """
    template.add_mapping(ROTATIONS, rotations())
    return [_add_secret(template, colour) for colour in COLOURS]


def _add_secret(template: TierTemplate, colour: str) -> Secret:
    secret = template.add(
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
    suppress(
        secret,
        "A new value must reach the load balancer and CloudFront in one deployment, so OriginHeaderTurn rotates it and not "
        "Secrets Manager",
        cfn_lint=["E9822"],
        **pack_rules.SECRET_ROTATION,
    )
    return secret


def accepted_values(template: TierTemplate) -> list[AWSHelperFn]:
    """The values that the load balancer accepts."""
    template.add_mapping(ROTATIONS, rotations())
    return [_value(template, colour.lower(), _generation(template, colour)) for colour in COLOURS]


def sent_value(template: TierTemplate) -> AWSHelperFn:
    """The value that CloudFront sends."""
    template.add_mapping(ROTATIONS, rotations())
    turn = template.use(ORIGIN_HEADER_TURN)
    return _value(
        template, "${Sent}", FindInMap(ROTATIONS, turn, "Generation"), Sent=FindInMap(ROTATIONS, turn, "Sent")
    )


def _generation(template: TierTemplate, colour: str) -> FindInMap:
    return FindInMap(ROTATIONS, template.use(ORIGIN_HEADER_TURN), colour)


def _value(template: TierTemplate, colour: str, generation: AWSHelperFn, **more: Any) -> Sub:
    """A dynamic reference to one generation of a secret.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    name = template.name_text(f"origin-{colour}")
    return Sub(f"{{{{resolve:secretsmanager:{name}:SecretString:${{Key}}}}}}", Key=generation, **more)
