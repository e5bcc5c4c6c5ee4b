"""An instance of an Auto Scaling group as a process of this machine.

The instance does not run the user data itself, which installs packages of Amazon Linux and systemd units. It takes the
``export`` lines and does the rest of the boot in its place, with nothing but the credentials of the instance profile's
role: get the artifact, unpack it, run what its systemd unit says (ExecStartPre, ExecStart; /run/<service> is a folder of
the instance's own), wait for /health, signal CloudFormation. It also does what the CloudWatch agent does: the service's
log goes to the log group that the user data names.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.host.aws import client_config, client_credentials, new_session
from local.host.errors import StartError
from local.host.files import tail
from local.host.ports import free_port
from local.host.process import GuardedProcess
from local.web.launch_template import LaunchTemplate
from local.web.log_shipper import LogShipper
from local.web.release import start_command, unit_of, unpack
from local.web.target_tls import unverified

logger = logging.getLogger("local.web")

HEALTH_TIMEOUT_SECONDS = 45.0
"""After this time a boot without /health counts as failed; boot.sh gives a real instance 120 seconds."""

_HOST_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
_CLOUD_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_CA_BUNDLE",
    "MYSQL_SSL_CA",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)


@dataclass
class Instance:
    """One instance. ``boot`` starts it, in the caller's thread; ``stop`` ends it.

    Attributes:
        identifier: the instance id.
        zone: the Availability Zone.
        launch_template: what it starts.
        credentials: of the role in its instance profile, as STS returns them.
        directory: holds its files.
        port: where its service listens on 127.0.0.1.
        healthy: whether its boot succeeded.
        failed: whether its boot failed.
        in_service_since: the monotonic time at which its boot ended, whatever the result; None before.
        terminating: whether it is on its way out.
        unhealthy_because: why Auto Scaling takes it for unhealthy, as its activity gives the cause; "" if it does not.
    """

    identifier: str
    zone: str
    launch_template: LaunchTemplate
    credentials: Mapping[str, str]
    directory: Path
    port: int = field(default_factory=free_port)
    healthy: bool = False
    failed: bool = False
    in_service_since: float | None = None
    terminating: bool = False
    unhealthy_because: str = ""
    _process: GuardedProcess | None = field(default=None, repr=False)
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    _starting: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _shipper: LogShipper | None = field(default=None, repr=False)
    _scheme: str = "http"

    def boot(self, on_end: Callable[[], None] = lambda: None) -> None:
        """Fetch, start, wait for /health, signal. A failure is signalled and logged, and raises nothing.

        Args:
            on_end: called when the boot has succeeded or failed, before the instance shows it.
        """
        try:
            release = self._fetch()
            self._start(release)
            self._wait_for_health()
        except (BotoCoreError, ClientError, OSError, StartError, zipfile.BadZipFile, KeyError, ValueError) as error:
            on_end()
            self.failed, self.in_service_since = True, time.monotonic()
            logger.warning("%s did not boot: %s\n%s", self.identifier, error, self.log_tail())
            self._report(error)
            self._signal("FAILURE")
        else:
            on_end()
            self.healthy, self.in_service_since = True, time.monotonic()
            self._signal("SUCCESS")

    def is_running(self) -> bool:
        """Return whether its process has not ended."""
        return self._process is not None and self._process.is_running

    def has_stopped(self) -> bool:
        """Return whether its boot has ended and no service runs, which is the end of the machine here."""
        return self.in_service_since is not None and not self.is_running()

    def has_ended(self) -> bool:
        """Return whether it cannot serve any more: its boot failed, or its service ended."""
        return self.failed or self.has_stopped()

    @property
    def lifecycle_state(self) -> str:
        """Its state in its group ("Amazon EC2 Auto Scaling instance lifecycle").

        The boot stands for the status checks of EC2, after which an instance is InService, whatever its service does.
        """
        if self.terminating:
            return "Terminating"
        return "Pending" if self.in_service_since is None else "InService"

    def stop(self) -> None:
        """End the service, at last by SIGKILL, and remove the instance's files. Harmless if nothing runs."""
        with self._starting:  # else a boot that is about to start the service would leave it behind
            self._stopped.set()
            process, self._process = self._process, None
        if process is not None:
            process.stop()
        if self._shipper is not None:
            self._shipper.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that its process wrote."""
        return tail(self.directory / "console.log", lines)

    # -- the boot's steps ---------------------------------------------------------------------------------------------

    def _fetch(self) -> Path:
        """Return the unpacked artifact. Raises StartError if its content is not what its key says."""
        exports = self.launch_template.exports
        key = exports["ARTIFACT_KEY"]
        artifact = self._client("s3").get_object(Bucket=exports["ARTIFACT_BUCKET"], Key=key)["Body"].read()
        release = self.directory / "release"
        unpack(artifact, Path(key).stem, release)
        return release

    def _start(self, release: Path) -> None:
        """Start the service and what sends its log. Raises StartError if the instance was terminated meanwhile."""
        service_log = self.directory / "service.log"
        # Only what the artifact holds: not the packages that are installed here.
        command = [sys.executable, "-S", "-s", *start_command(release)]
        environment = self._environment(release, self._prepare(release), service_log)
        group = self.launch_template.exports.get("LOG_GROUP")
        with self._starting:
            if self._stopped.is_set():
                raise StartError(f"The instance {self.identifier}", "it was terminated")
            console = self.directory / "console.log"
            self._process = GuardedProcess.start(command, console, environment=environment, directory=release)
            if group:
                stream = f"{self.identifier}/{unit_of(release).stem}"
                self._shipper = LogShipper(self._client("logs"), group, stream, service_log)

    def _environment(self, release: Path, of_the_unit: Mapping[str, str], service_log: Path) -> dict[str, str]:
        """Return the service's whole environment."""
        inherited = (*_HOST_VARIABLES, *_CLOUD_VARIABLES)
        return {
            **{name: os.environ[name] for name in inherited if name in os.environ},
            **self.launch_template.exports,
            **of_the_unit,
            "AWS_DEFAULT_REGION": self.launch_template.exports["REGION"],
            "AWS_ACCESS_KEY_ID": self.credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self.credentials["SessionToken"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "PORT": str(self.port),
            "BIND_ADDRESS": "127.0.0.1",
            "LOG_FILE": str(service_log),
            "WEB_WORKERS": "1",  # a laptop, not a t3.large
            "PYTHONPATH": str(release),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _prepare(self, release: Path) -> dict[str, str]:
        """Run the unit's ExecStartPre and return the variables of its Environment. Raises StartError."""
        unit = unit_of(release)
        run = self.directory / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        lines = [line.replace(f"/run/{unit.stem}", str(run)) for line in unit.read_text().splitlines()]
        for line in lines:
            if line.startswith("ExecStartPre="):
                command = shlex.split(line.removeprefix("ExecStartPre="))
                result = subprocess.run(command, cwd=release, capture_output=True, text=True, check=False)
                if result.returncode != 0:
                    raise StartError(f"The instance {self.identifier}", f"{command[0]}: {result.stderr.strip()}")
        words = [word for line in lines if line.startswith("Environment=") for word in shlex.split(line)]
        variables = dict(word.removeprefix("Environment=").split("=", 1) for word in words)
        self._scheme = "https" if "TLS_DIRECTORY" in variables else "http"
        return variables

    def _wait_for_health(self) -> None:
        deadline = time.monotonic() + HEALTH_TIMEOUT_SECONDS
        reason: object = "no answer"
        while time.monotonic() < deadline:
            if not self.is_running():
                raise StartError(f"The instance {self.identifier}", "its service ended")
            try:
                url = f"{self._scheme}://127.0.0.1:{self.port}/health"
                with urllib.request.urlopen(url, timeout=5, context=unverified()):
                    return
            except (OSError, urllib.error.URLError) as error:
                reason = error
            time.sleep(0.1)
        late = f"not healthy after {HEALTH_TIMEOUT_SECONDS:.0f} s: {reason}"
        raise StartError(f"The instance {self.identifier}", late)

    def _signal(self, status: str) -> None:
        """Signal CloudFormation as the boot script does: with the instance's own role, which must be allowed to."""
        exports = self.launch_template.exports
        if self._stopped.is_set() or "SIGNAL_RESOURCE" not in exports:
            return
        try:
            self._client("cloudformation").signal_resource(
                StackName=exports["STACK_NAME"],
                LogicalResourceId=exports["SIGNAL_RESOURCE"],
                UniqueId=self.identifier,
                Status=status,
            )
        except (BotoCoreError, ClientError) as error:
            # CloudFormation waits for no signal of an instance that starts outside a stack operation.
            logger.info("%s: CloudFormation did not accept the signal %s: %s", self.identifier, status, error)

    def _report(self, error: Exception) -> None:
        """Write the reason of a failed boot to the log group."""
        group = self.launch_template.exports.get("LOG_GROUP")
        if not group or self._stopped.is_set():
            return
        logs, stream = self._client("logs"), f"{self.identifier}/boot"
        message = json.dumps({"level": "ERROR", "message": "boot failed", "reason": str(error)[:1000]})
        try:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            event = {"timestamp": int(time.time() * 1000), "message": message}
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
        except (BotoCoreError, ClientError) as failure:
            logger.warning("%s: the reason could not be logged: %s", self.identifier, failure)

    def _client(self, service: str) -> Any:
        """Return a boto3 client with the instance's role and nothing else."""
        return new_session().client(
            service,
            region_name=self.launch_template.exports.get("REGION"),
            config=client_config(attempts=2),
            **client_credentials(self.credentials),
        )
