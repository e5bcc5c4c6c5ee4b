"""``python -m bench``."""

import sys

from entry import run

if __name__ == "__main__":
    sys.exit(run("bench.cli", "Interrupted. The measurements are lost. Repeat the command, or name fewer benches."))
