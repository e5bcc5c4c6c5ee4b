import sys

from gate.cli import main

if __name__ == "__main__":  # the workers' server process imports this module again
    sys.exit(main())
