"""Entry point."""

import os
from typing import Any

from common.greeting import greet


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    return greet(os.environ["MESSAGE"])
