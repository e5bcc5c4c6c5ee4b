"""Entry point of ``python -m deploy``."""

import sys

from entry import run

if __name__ == "__main__":
    sys.exit(run("deploy.cli", "Interrupted. What was started in AWS goes on; repeat the command to follow it."))
