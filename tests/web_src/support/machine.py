"""An instance at its first boot: a root folder of its own, and stand-ins for the programs that only AWS or root can run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.packaging import artifacts
from tests.web_src.support.paths import BOOT, SERVICE

INSTANCE_ID = "i-0123456789abcdef0"
BOOT_SECONDS = 60
# Each stand-in writes down its call, and fails as often as the file with its name in $FAIL says.
_STAND_IN = """#!/bin/bash
echo "$(basename "$0") $*" >>"$CALLS"
counter="$FAIL/$(basename "$0")"
if [[ -s "$counter" ]]; then
  left=$(<"$counter")
  if ((left > 0)); then
    echo $((left - 1)) >"$counter"
    exit 7
  fi
fi
"""
_AWS = """
if [[ "$1 $2" == "s3 cp" ]]; then cp "$ARTIFACT" "$4"; fi
if [[ "$1 $2" == "cloudformation signal-resource" && -e "$FAIL/no-deployment" ]]; then
  echo "An error occurred (ValidationError): Stack is in CREATE_COMPLETE state and cannot be signaled" >&2
  exit 254
fi
"""
_CURL = """
case "$*" in
  *api/token*) printf token ;;
  *meta-data/instance-id*) [[ "$*" == *"X-aws-ec2-metadata-token: token"* ]] && printf %s "$INSTANCE_ID" ;;
  */health*) [[ ! -e "$FAIL/health" ]] ;;
esac
"""
_RPM = """
[[ -e "$FAIL/installed" ]]
"""
_GETENT = """
grep -q useradd "$CALLS"
"""
_TIMEOUT = """
shift
"$@"
"""
_PROGRAMS = {
    "aws": _AWS,
    "chgrp": "",
    "curl": _CURL,
    "dnf": "",
    "getent": _GETENT,
    "rpm": _RPM,
    "sleep": "",
    "systemctl": "",
    "timeout": _TIMEOUT,
    "useradd": "",
    "usermod": "",
}


class Machine:
    """The instance.

    Attributes:
        root: The folder that the scripts take for ``/``.
        fail: The folder whose files make stand-ins fail.
        calls_file: The calls of all stand-ins, one a line.
        artifact: The zip that the stand-in for ``aws s3 cp`` copies.
        digest: The digest in the artifact's key.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs, self.fail, self.calls_file = root / "bin", root / "fail", root / "calls"
        for folder in (self.programs, self.fail):
            folder.mkdir()
        for name, body in _PROGRAMS.items():
            _write_stand_in(self.programs / name, body)
        agent = root / "opt/aws/amazon-cloudwatch-agent/bin"
        agent.mkdir(parents=True)
        _write_stand_in(agent / "amazon-cloudwatch-agent-ctl")
        self.package({})

    def package(self, changes: dict[str, bytes]) -> None:
        """Make the artifact as packaging does, with other content for some paths. The digest is the unchanged one's."""
        files = {
            f"payments/{path.relative_to(SERVICE).as_posix()}": path.read_bytes()
            for path in sorted(SERVICE.rglob("*"))
            if path.is_file() and not artifacts.EXCLUDED.search(path.relative_to(SERVICE).as_posix())
        }
        self.digest = artifacts._digest_of(files)
        self.artifact = self.root / "artifact.zip"
        self.artifact.write_bytes(artifacts.zip_bytes({**files, **changes}, scripts=True))

    def let_fail(self, program: str, times: int) -> None:
        """Let a stand-in fail so often before it succeeds."""
        (self.fail / program).write_text(f"{times}\n")

    def boot(self, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run the user data as cloud-init does: a shebang, the exports, the script."""
        exports = {
            "REGION": "us-east-1",
            "ARTIFACT_BUCKET": "platform-artifacts-123456789012-us-east-1",
            "ARTIFACT_KEY": f"web/payments/{self.digest}.zip",
            "STACK_NAME": "arn:aws:cloudformation:us-east-1:123456789012:stack/transactions-dev-Web-1/abc",
            "SIGNAL_RESOURCE": "WebGroup",
            "DB_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:transactions-database-dev-AbCdEf",
            "LOG_GROUP": "/aws/ec2/transactions-payments-dev",
            "ENVIRONMENT": "dev",
            "PORT": "8080",
            "METRICS_NAMESPACE": "transactions/payments-dev",
            **changes,
        }
        lines = [f"export {name}='{value}'" for name, value in exports.items()]
        script = self.root / "user-data"
        script.write_text("\n".join(["#!/bin/bash", *lines, BOOT.read_text(encoding="utf-8")]))
        script.chmod(0o755)
        environment = {
            "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOT": str(self.root),
            "CALLS": str(self.calls_file),
            "FAIL": str(self.fail),
            "ARTIFACT": str(self.artifact),
            "INSTANCE_ID": INSTANCE_ID,
            "PYTHON": sys.executable,
            "HEALTH_SECONDS": "0",
        }
        return subprocess.run(
            [str(script)], env=environment, capture_output=True, text=True, check=False, timeout=BOOT_SECONDS
        )

    def all_calls(self) -> list[str]:
        """Return the calls of all stand-ins, in their order."""
        return self.calls_file.read_text(encoding="utf-8").splitlines() if self.calls_file.exists() else []

    def calls(self, program: str) -> list[str]:
        """Return the calls of a program."""
        return [call for call in self.all_calls() if call.split(" ", 1)[0] == program]

    def signals(self) -> list[str]:
        """Return the statuses that CloudFormation got, each from this instance and for the right resource."""
        signals = [call for call in self.calls("aws") if "signal-resource" in call]
        expected = (f"--unique-id {INSTANCE_ID} ", "--logical-resource-id WebGroup ")
        assert all(option in call for call in signals for option in expected)
        return [call.rsplit(" ", 1)[1] for call in signals]

    def read(self, path: str) -> str:
        """Read a file below the root."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8")


def _write_stand_in(path: Path, body: str = "") -> None:
    path.write_text(_STAND_IN + body)
    path.chmod(0o755)
