import sys

from entry import run

if __name__ == "__main__":
    sys.exit(run("bench.cli", "Interrupted. What it measured is lost; repeat the command, or name fewer benches."))
