"""Builds reproducible zips of the functions and of the services for instances, named by their content.

A zip holds ``<name>/…``, a function's zip also ``common/…``, and the unpacked wheels, in sorted order, with one fixed time
and modes that follow from the content. Two runs give the same bytes whatever the clock, the umask or the order of the
file system. The root template of a platform says what the platform needs: each parameter ``<Pascal>ArtifactKey`` is a
folder of lambda_src/ or web_src/.

The name is the SHA-256 of the content (every path with the SHA-256 of its bytes), not of the zip. Deflate packs
differently in zlib and zlib-ng, so the zip's own digest would show a code change where only a laptop differs from CI. The
zip's digest is recorded beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cfn.errors import TemplateError
from cfn.parameters import ARTIFACT_KEY
from deploy.errors import ArtifactError
from deploy.packaging import wheels

COMMON = "common"
REQUIREMENTS = "requirements.txt"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ZIPPED = 50 * 1024 * 1024
MAX_UNZIPPED = 250 * 1024 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can hold
COMPRESSION_LEVEL = 6  # 9 takes three times as long for half a percent less
# Lambda and the service's own user own none of the files, so every file must be readable by all. A file that begins with
# #! is a script. The mode follows from that and not from the file system, which does not keep it everywhere.
MODE, SCRIPT_MODE = 0o100644, 0o100755
EXCLUDED = re.compile(r"(^|/)(__pycache__|\.[^/]+)(/|$)|\.py[cod]$|(^|/)requirements\.(txt|in)$")
FORMAT = "3"  # raised when the layout of the zip or the record changes, so that old cache entries are not used


@dataclass(frozen=True)
class ArtifactKind:
    """One way of packaging.

    Attributes:
        prefix: The beginning of the keys in the bucket.
        entry: The file that every folder of this kind has.
        target: The machine in AWS that runs it.
        beside: Folders that go into each zip.
        limits: The largest sizes in bytes, zipped and unzipped.
        scripts: Whether the zip has executable files.
    """

    prefix: str
    entry: str
    target: wheels.Target
    beside: tuple[str, ...] = ()
    limits: tuple[int, int] | None = None
    scripts: bool = False


FUNCTION = ArtifactKind("functions", "handler.py", wheels.LAMBDA, beside=(COMMON,), limits=(MAX_ZIPPED, MAX_UNZIPPED))
SERVICE = ArtifactKind("web", "__init__.py", wheels.INSTANCE, scripts=True)


@dataclass(frozen=True)
class Source:
    """A folder to be packaged."""

    kind: ArtifactKind
    folder: Path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def parameter(self) -> str:
        """The root parameter that carries the key: ``log_alerts`` -> ``LogAlertsArtifactKey``."""
        return "".join(part.capitalize() for part in self.name.split("_")) + "ArtifactKey"

    @property
    def label(self) -> str:
        """The folder as messages name it: ``lambda_src/ingest/``."""
        return f"{self.folder.parent.name}/{self.name}/"


@dataclass(frozen=True)
class Artifact:
    """One packaged folder.

    Attributes:
        sha256: The digest of the content.
        zip_sha256: The digest of the zip.
        zipped: The size of the zip in bytes.
        unzipped: The size of its files in bytes.
        path: The zip in the cache.
        sources: The digest of its sources, without the wheels (`sources_digest`).
    """

    name: str
    prefix: str
    parameter: str
    sha256: str
    zip_sha256: str
    zipped: int
    unzipped: int
    path: str
    sources: str

    @property
    def key(self) -> str:
        """The key in the artifact bucket."""
        return f"{self.prefix}/{self.name}/{self.sha256}.zip"


def sources_of(kind: ArtifactKind, parent: Path) -> list[Source]:
    """The folders of one kind, by their entry; an empty list if the parent does not exist."""
    folders = sorted(parent.iterdir()) if parent.is_dir() else []
    return [Source(kind, folder) for folder in folders if (folder / kind.entry).is_file()]


def match_sources(platform: str, root: Mapping[str, Any], lambda_src: Path, web_src: Path) -> list[Source]:
    """The folders that a platform's root names by its ``…ArtifactKey`` parameters; other folders are ignored.

    Raises:
        TemplateError: A parameter names no folder, or two; the error lists all of them.
    """
    by_parameter: dict[str, list[Source]] = {}
    for source in (*sources_of(FUNCTION, lambda_src), *sources_of(SERVICE, web_src)):
        by_parameter.setdefault(source.parameter, []).append(source)
    parameters = sorted(name for name in root.get("Parameters", {}) if ARTIFACT_KEY.fullmatch(name))
    faults = []
    for name in parameters:
        sources = by_parameter.get(name, [])
        if not sources:
            folder = re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("ArtifactKey")).lower()
            faults.append(
                f"{name} has no folder: make {lambda_src.name}/{folder}/ with a {FUNCTION.entry} or "
                f"{web_src.name}/{folder}/ with an {SERVICE.entry}, or remove the parameter"
            )
        elif len(sources) > 1:
            labels = " and ".join(source.label for source in sources)
            faults.append(f"{name} names two folders, {labels}: rename one of them and its parameter")
    if faults:
        raise TemplateError(f"{platform} root", f"{'; '.join(faults)}.")
    return [by_parameter[name][0] for name in parameters]


def build_artifacts(sources: Iterable[Source], cache: Path, *, host: bool = False) -> list[Artifact]:
    """Package the folders, two at a time (pip waits for the network, deflate for a core)."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda source: build_artifact(source, cache, host=host), sources))


def build_artifact(source: Source, cache: Path, *, host: bool = False) -> Artifact:
    """Package one folder. If nothing changed, this only reads its sources.

    Args:
        source: The folder.
        cache: The folder that keeps zips and wheels.
        host: Whether the wheels are for this machine instead of the one in AWS.

    Raises:
        ArtifactError: pip finds no wheels, or the zip exceeds one of its limits.
    """
    own = _files(source)
    target = wheels.HOST if host else source.kind.target
    requirements = source.folder / REQUIREMENTS
    pinned = wheels.wheels_key(requirements, target) if requirements.is_file() else ""
    record = cache / "artifacts" / f"{_digest_of(own, FORMAT, source.kind.prefix, source.name, pinned)}.json"
    if record.is_file():
        artifact = Artifact(**json.loads(record.read_text("utf-8")))
        if Path(artifact.path).is_file():
            return artifact
    files = dict(own)
    if pinned:
        for path, content in wheels.unpack_wheels(source.name, requirements, target, cache / "wheels").items():
            if path in files:
                raise ArtifactError(source.name, f"a wheel would overwrite {path}.", "Rename the file or the folder.")
            files[path] = content
    return _write(source, files, record)


def sources_digest(source: Source) -> str:
    """The digest of what a folder is packaged from, on every machine and for every target the same.

    It takes the pinned requirements for the wheels, which are not fetched.
    """
    requirements = source.folder / REQUIREMENTS
    return _digest_of(_files(source), requirements.read_text("utf-8") if requirements.is_file() else "")


def _files(source: Source) -> dict[str, bytes]:
    files = {}
    parent = source.folder.parent
    for folder in (source.folder, *(parent / name for name in source.kind.beside)):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(parent).as_posix()
            if path.is_file() and not EXCLUDED.search(inside):
                files[inside] = path.read_bytes()
    return files


def _digest_of(files: Mapping[str, bytes], *more: str) -> str:
    total = hashlib.sha256()
    for text in more:
        total.update(f"{text}\0".encode())
    for path in sorted(files):
        total.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    return total.hexdigest()


def _write(source: Source, files: Mapping[str, bytes], record: Path) -> Artifact:
    content, unzipped = zip_bytes(files, scripts=source.kind.scripts), sum(map(len, files.values()))
    _check_size(source, files, len(content), unzipped)
    sha256 = _digest_of(files)
    path = record.with_name(f"{source.kind.prefix}-{source.name}-{sha256}.zip")
    artifact = Artifact(
        name=source.name,
        prefix=source.kind.prefix,
        parameter=source.parameter,
        sha256=sha256,
        zip_sha256=hashlib.sha256(content).hexdigest(),
        zipped=len(content),
        unzipped=unzipped,
        path=str(path),
        sources=sources_digest(source),
    )
    record.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content)
    _replace(record, json.dumps(asdict(artifact)).encode())
    return artifact


def _check_size(source: Source, files: Mapping[str, bytes], zipped: int, unzipped: int) -> None:
    if source.kind.limits is None:
        return
    for size, limit, word in zip((zipped, unzipped), source.kind.limits, ("zipped", "unzipped"), strict=True):
        if size > limit:
            largest = sorted(files, key=lambda path: len(files[path]), reverse=True)[:3]
            names = ", ".join(f"{path} ({_megabytes(len(files[path]))})" for path in largest)
            what = f"{_megabytes(size)} {word}; Lambda takes {_megabytes(limit)}. The largest files: {names}."
            raise ArtifactError(source.name, what, f"Drop a dependency from {source.label}{REQUIREMENTS}.")


def zip_bytes(files: Mapping[str, bytes], *, scripts: bool = False) -> bytes:
    """The files as a zip that depends on nothing else.

    Args:
        files: Path in the zip -> bytes.
        scripts: Whether a file that begins with ``#!`` is executable.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, EPOCH)
            info.create_system = 3  # Unix, also when packaged elsewhere: the mode is in its bits
            info.external_attr = (SCRIPT_MODE if scripts and files[path].startswith(b"#!") else MODE) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[path], compresslevel=COMPRESSION_LEVEL)
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Write the file in one step, so that a second process never reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
