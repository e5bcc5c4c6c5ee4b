"""The root parameters that packaging fills in: the artifact bucket, and the key of each function's and service's zip."""

from __future__ import annotations

from builders.contract.console import Group
from builders.contract.functions import TIMEOUT_SECONDS
from builders.contract.names import pascal
from builders.contract.template import RootParameter

GROUP = Group("Artifacts")
ARTIFACT_BUCKET = GROUP.text(
    "ArtifactBucket",
    "Artifact bucket",
    "Bucket of the packaged artifacts; filled in by packaging.",
    pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    constraint="The name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens.",
)


def _artifact_key(folder: str, kind: str) -> RootParameter:
    """Creates the parameter for the key of a folder's zip: ``log_alerts`` → ``LogAlertsArtifactKey``."""
    words = folder.replace("_", " ")
    return GROUP.text(
        f"{pascal(folder)}ArtifactKey",
        f"Code of {words}",
        f"Content-addressed key of the {words} {kind}'s code; filled in by packaging.",
        pattern=r"^[A-Za-z0-9/._-]+\.zip$",
        constraint="The key of a zip file, such as functions/ingest/<sha-256>.zip.",
    )


FUNCTION_KEYS = {name: _artifact_key(name, "function") for name in TIMEOUT_SECONDS}
"""Folder in lambda_src → the parameter for the key of its zip."""
SERVICE_KEY = _artifact_key("payments", "service")
