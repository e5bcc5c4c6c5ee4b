"""EmbeddedCloud: starts, describes and stops one embedded AWS.

    with EmbeddedCloud() as cloud:
        s3 = cloud.client("s3")
        subprocess.run([...], env={**os.environ, **cloud.environment()})

Each instance has its own processes, ports, directory and credentials, so that parallel test workers take one each.
Nothing outlives it: the emulator and its database servers run under guards (``local.host.guard``), which end them when
this process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import functools
import json
import secrets
import shutil
import ssl
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from entry import interrupts_held
from local.host import aws
from local.host.certificates import ensure_certificates
from local.host.errors import StartError, StateError
from local.host.files import tail
from local.host.guard import command_of, end_guard
from local.host.ports import check_port, free_port
from local.host.process import GuardedProcess
from local.host.settings import ACCOUNT, REGION, Settings
from local.launch.emulator import command_line, emulator_environment
from local.launch.state_file import RUN_DIRECTORY_PREFIX, CloudState

START_TIMEOUT_SECONDS = 60.0
"""After this time a start counts as failed; two to four seconds are usual, a loaded machine needs more."""

ORDERLY_END_SECONDS = 30.0
"""What the emulator gets to end its databases and instances one after the other, each with seconds of its own."""

LOG_TAIL_LINES = 40

# One session for all clients: it keeps what it has read of the services' models, and a client takes a tenth of the time.
_session = functools.cache(aws.new_session)
_session_lock = threading.Lock()
_CLIENT_CONFIG = aws.client_config(attempts=2)


class EmbeddedCloud:
    """One embedded AWS. A context manager; ``start`` and ``stop`` do the same by hand.

    Args:
        port: the emulator's port, 0 for a free one.
        keep: a directory in which the state survives, and with it the port, which is part of queue URLs; None if the
            state goes with the cloud.
        detached: whether the processes outlive this one. Then ``stop`` or ``python -m local down`` must end them, which
            finds them by the state file that ``start`` wrote.
        postgres_binaries: a PostgreSQL bin directory other than the bundled one.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        keep: Path | None = None,
        detached: bool = False,
        postgres_binaries: Path | None = None,
    ) -> None:
        self._requested_port = port
        self._keep = keep.resolve() if keep is not None else None
        self._detached = detached
        self._postgres_binaries = postgres_binaries.absolute() if postgres_binaries is not None else None
        self._process: GuardedProcess | None = None
        self._loaded_guard: int | None = None
        self._settings: Settings | None = None
        self._access_key = "AKIA" + secrets.token_hex(8).upper()
        self._secret_key = secrets.token_urlsafe(30)

    # -- life ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, state: Path | None = None) -> None:
        """Start the emulator and PostgreSQL and return when both are healthy.

        Whatever ends the start early, Ctrl-C included, ends the processes and removes the state file.

        Args:
            state: the file for ``load``, written as soon as a process exists that somebody may have to end.

        Raises:
            StartError: They are not healthy within ``START_TIMEOUT_SECONDS``; carries the end of the emulator's log.
        """
        self._check_binaries()
        port = self._choose_port()
        run_directory = Path(tempfile.mkdtemp(prefix=RUN_DIRECTORY_PREFIX))
        try:
            (run_directory / "tmp").mkdir()
            certificates = ensure_certificates(run_directory / "tls")
            self._settings = Settings(
                port=port,
                run_directory=run_directory,
                authority=certificates.authority,
                certificate=certificates.certificate,
                key=certificates.key,
                keep=self._keep,
                postgres_binaries=self._postgres_binaries,
            )
            with interrupts_held():  # without its state file no command could end the process
                self._process = self._spawn()
                if state is not None:
                    self.save(state)
            self._wait_until_healthy()
        except BaseException:
            with interrupts_held():
                self.stop()
                shutil.rmtree(run_directory, ignore_errors=True)
                if state is not None:
                    with contextlib.suppress(OSError):  # the start may have failed at this very file
                        state.unlink()
            raise

    def stop(self, report: Callable[[str], None] = lambda line: None) -> None:
        """End the processes and remove the run directory. Harmless if nothing runs.

        Args:
            report: gets a line if the end takes long.

        Raises:
            StateError: The processes are another user's.
        """
        process, self._process = self._process, None
        if process is not None:
            process.release()
            if process.is_running:
                end_guard(process.pid, report)
            process.guard.wait()
        guard, self._loaded_guard = self._loaded_guard, None
        if guard is not None and _is_guard(guard, self.settings.run_directory):
            try:
                end_guard(guard, report)
            except PermissionError as error:
                raise StateError(
                    f"The embedded AWS is another user's (process {guard}): only they can stop it"
                ) from error
        settings, self._settings = self._settings, None
        if settings is not None:
            shutil.rmtree(settings.run_directory, ignore_errors=True)

    # -- detached -----------------------------------------------------------------------------------------------------

    def save(self, file: Path) -> None:
        """Write what ``load`` needs to find this running cloud again. Raises StateError."""
        CloudState(self.settings, self.guard_pid, self._access_key, self._secret_key).write(file)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the cloud that ``save`` described. Raises StateError if the file does not exist or is damaged."""
        state = CloudState.read(file)
        cloud = cls(keep=state.settings.keep, detached=True)
        cloud._settings = state.settings
        cloud._access_key, cloud._secret_key = state.access_key, state.secret_key
        cloud._loaded_guard = state.guard_pid
        return cloud

    def is_running(self) -> bool:
        """Return whether this very cloud answers, and not another process at its port."""
        if self._settings is None:
            return False
        try:
            return bool(self.ask("/_local/health").get("instance") == self._settings.run_directory.name)
        except (OSError, ValueError):
            return False

    def is_alive(self) -> bool:
        """Return whether its processes exist, even if they do not answer."""
        guard = self._process.pid if self._process is not None else self._loaded_guard
        return guard is not None and _is_guard(guard, self.settings.run_directory)

    def _check_binaries(self) -> None:
        folder = self._postgres_binaries
        if folder is not None and not (folder / "postgres").is_file():
            raise StartError("PostgreSQL", f"{folder} holds no program postgres: name its bin directory")

    def _choose_port(self) -> int:
        """Return the requested port, the one of the kept state, or a free one."""
        if self._keep is None:
            port = self._requested_port or free_port()
            check_port(port)
            return port
        remembered = self._keep / "port"
        try:
            self._keep.mkdir(parents=True, exist_ok=True)
            port = self._requested_port or (int(remembered.read_text()) if remembered.exists() else free_port())
            check_port(port)
            remembered.write_text(str(port))
        except OSError as error:
            reason = f"its state cannot be kept in {self._keep} ({error.strerror})"
            raise StartError("The embedded AWS", f"{reason}: name a directory that is yours, or a new one") from error
        except ValueError as error:
            raise StartError("The embedded AWS", f"{remembered} holds no port: remove it, or give --port") from error
        return port

    def _spawn(self) -> GuardedProcess:
        settings = self.settings
        return GuardedProcess.start(
            command_line(settings),
            self.log_file,
            environment=emulator_environment(settings, self._access_key, self._secret_key),
            directory=settings.run_directory,
            grace_seconds=ORDERLY_END_SECONDS,
            detached=self._detached,
            remove=settings.run_directory,
        )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        reason = "no answer"
        while time.monotonic() < deadline:
            if self._process is None or not self._process.is_running:
                code = None if self._process is None else self._process.exit_code
                raise StartError("The emulator", f"its process ended with code {code}", self.log_tail())
            try:
                health = self.ask("/_local/health")
            except (OSError, urllib.error.URLError) as error:
                reason = str(error)
            else:
                state = str(health.get("postgres"))
                if state == "ready":
                    return
                if state.startswith("failed"):
                    raise StartError("PostgreSQL", state, self.log_tail())
                reason = f"PostgreSQL is {state}"
            time.sleep(0.05)
        raise StartError("The embedded AWS", f"{reason} after {START_TIMEOUT_SECONDS:.0f} s", self.log_tail())

    # -- what callers need --------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The running emulator's settings. Raises StartError if it does not run."""
        if self._settings is None:
            raise StartError("The embedded AWS", "start() was not called")
        return self._settings

    @property
    def endpoint(self) -> str:
        """The URL of the emulator."""
        return self.settings.endpoint

    @property
    def authority(self) -> Path:
        """The CA file that clients verify the emulator and the databases with."""
        return self.settings.authority

    @property
    def guard_pid(self) -> int:
        """The process that ends everything when it gets SIGTERM."""
        if self._process is None:
            raise StartError("The embedded AWS", "start() was not called")
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """Return variables that point the AWS SDKs and CLI, and the TLS of database clients, at this cloud."""
        return variables(self.endpoint, str(self.authority), self._access_key, self._secret_key)

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """Return a boto3 client of this cloud, whatever the caller's environment says.

        Args:
            service: the service, as boto3 names it.
            credentials: those of STS (AccessKeyId, SecretAccessKey, SessionToken); None for the account's root.
        """
        chosen = credentials or {"AccessKeyId": self._access_key, "SecretAccessKey": self._secret_key}
        with _session_lock:
            return _session().client(
                service,
                endpoint_url=self.endpoint,
                verify=str(self.authority),
                region_name=REGION,
                config=_CLIENT_CONFIG,
                **aws.client_credentials(chosen),
            )

    def api_url(self, url: str) -> str:
        """Map an API Gateway invoke URL of AWS to this cloud's. Raises ValueError for another kind of URL.

        https://<id>.execute-api.<region>.amazonaws.com/<stage>/<path> becomes
        https://127.0.0.1:<port>/_aws/execute-api/<id>/<stage>/<path>. Sign (SigV4, service ``execute-api``) for the
        mapped URL.
        """
        return local_api_url(url, self.endpoint)

    def recorded(self) -> list[dict[str, Any]]:
        """Return Type, PhysicalId and Properties of resources that exist only as a record.

        The emulator has no such service, or the service no such setting.
        """
        answer: list[dict[str, Any]] = self.ask("/_local/recorded")["resources"]
        return answer

    def leftovers(self) -> dict[str, list[str]]:
        """Return what exists now and did not at the start, by service: nothing after a complete destroy."""
        answer: dict[str, list[str]] = self.ask("/_local/leftovers")["leftovers"]
        return answer

    @property
    def log_file(self) -> Path:
        """The emulator's log."""
        return self.settings.run_directory / "emulator.log"

    def log_tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """Return the last lines of the emulator's log."""
        return tail(self.log_file, lines)

    def ask(self, path: str) -> dict[str, Any]:
        """GET one of the launcher's own paths below /_local/. Raises OSError (URLError) if no answer comes."""
        context = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(f"{self.endpoint}{path}", timeout=10, context=context) as answer:
            body: dict[str, Any] = json.load(answer)
        return body


def variables(endpoint: str = "", authority: str = "", access_key: str = "", secret_key: str = "") -> dict[str, str]:
    """Return the variables of ``EmbeddedCloud.environment``; without arguments only their names count."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CA_BUNDLE": authority,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCOUNT_ID": ACCOUNT,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": authority,
        "MYSQL_SSL_CA": authority,
    }


def local_api_url(url: str, endpoint: str) -> str:
    """Map an invoke URL to an endpoint, as ``EmbeddedCloud.api_url`` does."""
    parts = urlsplit(url)
    labels = (parts.hostname or "").split(".")
    if len(labels) < 2 or labels[1] != "execute-api":
        raise ValueError(f"not an API Gateway invoke URL: {url}")
    query = f"?{parts.query}" if parts.query else ""
    return f"{endpoint}/_aws/execute-api/{labels[0]}{parts.path}{query}"


def _is_guard(pid: int, run_directory: Path) -> bool:
    """Return whether ``pid`` is alive and the guard of that run: the number may belong to another process by now."""
    command = command_of(pid)
    return "guard.py" in command and str(run_directory) in command
