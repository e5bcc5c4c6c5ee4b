"""``python -m gate``."""

import sys

from entry import run

if __name__ == "__main__":  # the workers' server process imports this module again
    sys.exit(run("gate.cli", "Interrupted. The gate changed nothing. Repeat the command to see its findings."))
