"""``python -m tools.packs``."""

import sys

from entry import run

if __name__ == "__main__":
    sys.exit(run("tools.packs.command", "Interrupted. Nothing is kept. Repeat the command."))
