"""The sample stack: a root template with ten children and four functions, uploaded with nothing but boto3."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import zipfile
from pathlib import Path

from local.cloud import EmbeddedCloud
from tests.local.support.stacks import Outcome, change

TEMPLATES = Path(__file__).parent / "sample_templates"
FUNCTIONS = Path(__file__).parent / "sample_functions"


class SampleStack:
    """The sample stack in the embedded AWS. It uploads templates and functions by content hash, as the deployer does."""

    def __init__(self, cloud: EmbeddedCloud, bucket: str = "artifacts") -> None:
        self.cloud = cloud
        self.bucket = bucket
        self._s3 = cloud.client("s3")
        if bucket not in {entry["Name"] for entry in self._s3.list_buckets()["Buckets"]}:
            self._s3.create_bucket(Bucket=bucket)

    def put(self, content: bytes, ending: str) -> str:
        """Upload and return the key."""
        key = f"{hashlib.sha256(content).hexdigest()}.{ending}"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def template(self, changes: dict[str, tuple[str, str]] | None = None) -> str:
        """The root, after its children are uploaded; ``changes`` replaces text in a child: {file: (old, new)}."""

        def upload(match: re.Match[str]) -> str:
            text = (TEMPLATES / match.group(1)).read_text()
            if changes and match.group(1) in changes:
                old, new = changes[match.group(1)]
                assert old in text
                text = text.replace(old, new)
            return f"TemplateURL: https://s3.us-east-1.amazonaws.com/{self.bucket}/{self.put(text.encode(), 'yaml')}"

        return re.sub(r"TemplateURL: ([a-z]+\.yaml)", upload, (TEMPLATES / "root.yaml").read_text())

    def parameters(self, suffix: str, **others: str) -> dict[str, str]:
        functions = {
            "AnswerKey": self.put(function_zip("answer", common="a", packages=True), "zip"),
            "ConsumeKey": self.put(function_zip("consume", common="b"), "zip"),
            "AlertKey": self.put(function_zip("alert"), "zip"),
            "ProvideKey": self.put(function_zip("provide", packages=True), "zip"),
        }
        return {"Suffix": suffix, "ArtifactBucket": self.bucket, **functions, **others}

    def deploy(self, suffix: str, changes: dict[str, tuple[str, str]] | None = None, **parameters: str) -> Outcome:
        return change(self.cloud, f"sample-{suffix}", self.template(changes), self.parameters(suffix, **parameters))


def function_zip(name: str, *, common: str | None = None, packages: bool = False) -> bytes:
    """The package of a function: its folder, a ``common`` of its own, and psycopg if it needs a database."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, FUNCTIONS / name, name)
        if common is not None:
            _add(archive, FUNCTIONS / f"common_{common}", "common")
        for package in ("psycopg", "psycopg_binary", "psycopg_binary.libs", "typing_extensions.py") if packages else ():
            _add(archive, _installed() / package, package)
    return stream.getvalue()


def _add(archive: zipfile.ZipFile, source: Path, target: str) -> None:
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            name = target if file == source else f"{target}/{file.relative_to(source)}"
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())


def _installed() -> Path:
    spec = importlib.util.find_spec("psycopg")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.parent
