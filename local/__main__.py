"""``python -m local up|down|env|status|demo``: the embedded AWS from the command line.

    python -m local up [--port N] [--keep DIR] [--postgres-bin DIR]
    eval "$(python -m local env)"
    eval "$(python -m local env --unset)"

``up`` returns when everything is healthy; the processes stay until ``down``. The state file (.local/state.json) leads
the other commands to them.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("local.__main__", "Interrupted. `python -m local status` says whether the embedded AWS runs."))

import argparse
import json
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from entry import INTERRUPTED
from local.cloud import EmbeddedCloud, variables
from local.demos import command as demo
from local.host.errors import LocalError, StateError
from local.host.project import STATE_FILE
from local.lifecycle import stop_and_forget, what_keeps_running

LAST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["demo"]:
        return demo.main(words[1:])
    options = _parser().parse_args(words)
    commands = {"up": _up, "down": _down, "env": _env, "status": _status}
    try:
        return commands[options.command](options)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as interruption:
        print(f"\n{str(interruption) or what_keeps_running(options.state, 'make demo')}", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The embedded AWS on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the emulator and its databases")
    up.add_argument("--port", type=_port, default=0, help="the emulator's port (default: 0, a free one)")
    up.add_argument("--keep", type=Path, help="a directory in which the state survives `down`, but not a kill")
    up.add_argument("--postgres-bin", type=Path, help="bin directory of another PostgreSQL, e.g. Debian's")
    down = commands.add_parser("down", help="stop them")
    env = commands.add_parser("env", help="print export lines for a shell")
    env.add_argument("--unset", action="store_true", help="print the lines that take these variables out of it again")
    status = commands.add_parser("status", help="list what runs and what is only recorded")
    status.add_argument("--json", action="store_true", help="for programs")
    commands.add_parser("demo", help="deploy and use a platform", add_help=False)
    for subparser in (up, down, env, status):
        subparser.add_argument("--state", type=Path, default=STATE_FILE, help=argparse.SUPPRESS)
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 1 to {LAST_PORT}, or 0 for a free one")
    return port


def _up(options: argparse.Namespace) -> int:
    if options.state.exists():
        _clear(options.state)
    begun = time.monotonic()
    cloud = EmbeddedCloud(port=options.port, keep=options.keep, postgres_binaries=options.postgres_bin, detached=True)
    cloud.start(options.state)
    print(f"The embedded AWS is up at {cloud.endpoint} ({time.monotonic() - begun:.1f} s).")
    print('Point a shell at it with:  eval "$(.venv/bin/python -m local env)"')
    return 0


def _clear(state: Path) -> None:
    """Remove what an embedded AWS left that ended on its own. Raises StateError if one still exists."""
    cloud = EmbeddedCloud.load(state)
    if cloud.is_running():
        raise StateError("The embedded AWS is up already (see: python -m local status)")
    if cloud.is_alive():
        raise StateError("The embedded AWS is there but does not answer (python -m local down, then up)")
    stop_and_forget(cloud, state)


def _down(options: argparse.Namespace) -> int:
    stop_and_forget(EmbeddedCloud.load(options.state), options.state)
    print("The embedded AWS is down.")
    return 0


def _env(options: argparse.Namespace) -> int:
    if options.unset:
        print("\n".join(f"unset {name}" for name in variables()))
        return 0
    for name, value in _running(options.state).environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _status(options: argparse.Namespace) -> int:
    cloud = _running(options.state)
    recorded, existing = cloud.recorded(), cloud.leftovers()
    if options.json:
        print(json.dumps({"endpoint": cloud.endpoint, "recorded": recorded, "existing": existing}, indent=1))
        return 0
    print(f"Endpoint      {cloud.endpoint}")
    print(f"CA            {cloud.authority}")
    print(f"Log           {cloud.log_file}")
    print(f"Resources     {sum(len(keys) for keys in existing.values())} entries in {len(existing)} stores")
    if recorded:
        print("Only recorded, because the emulator has no such service or setting:")
        for resource_type, count in sorted(Counter(entry["Type"] for entry in recorded).items()):
            print(f"  {count:3} {resource_type}")
    return 0


def _running(state: Path) -> EmbeddedCloud:
    cloud = EmbeddedCloud.load(state)
    if not cloud.is_running():
        raise StateError("The embedded AWS does not answer any more (python -m local down, then up)")
    return cloud
