import sys

from entry import run

if __name__ == "__main__":  # the workers' server process imports this module again
    sys.exit(run("gate.cli", "Interrupted. Nothing was changed; repeat the command for its findings."))
