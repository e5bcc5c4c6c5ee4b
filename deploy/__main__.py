"""Entry point of ``python -m deploy``."""

import sys

from entry import run

if __name__ == "__main__":
    sys.exit(
        run("deploy.cli", "Interrupted. Operations that started in AWS continue; repeat the command to follow them.")
    )
