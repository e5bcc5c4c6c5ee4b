"""Replays quarantined objects, quarantined records and dead letters, once their cause is fixed.

A crash at any point loses nothing. An entry leaves the quarantine only after its work is in the queue or stored as a new
raw object, and then exactly the version that was listed is deleted, so that what processing rejects meanwhile stays.
Replaying twice is harmless, because processing has its effect exactly once.

- ``quarantine/objects/<key>``: the raw object ``<key>`` itself is announced again. If the fault was in its content,
  store the corrected object under ``<key>`` first.
- ``quarantine/records/<key>``: the rejected lines are taken from the raw object (or its archived copy) by their numbers
  and stored as a raw object of their own.
- dead letters of the object queue: SQS moves them back.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cfn.text import visible
from deploy.errors import ReplayError
from deploy.replaying.dead_letters import (
    ObjectQueue,
    announce_object,
    count_dead_letters,
    find_queue,
    move_dead_letters,
)
from deploy.replaying.layout import (
    MAX_LINE_BYTES,
    OBJECTS_PREFIX,
    RAW_PREFIX,
    REASON_SUFFIX,
    RECORDS_PREFIX,
    SUFFIX,
)
from deploy.session import Aws, code_of

MAX_ENTRIES = 20  # of each kind, which the list shows
FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})
GONE = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class Version:
    """One version of a key of the raw bucket."""

    key: str
    id: str


@dataclass(frozen=True)
class Entry:
    """An entry of the quarantine.

    Attributes:
        key: The key of the raw object.
        quarantined: The object in quarantine.
        reason: The file beside a quarantined object.
    """

    key: str
    quarantined: Version
    size: int
    reason: Version | None = None


@dataclass(frozen=True)
class Backlog:
    """Everything that can be replayed."""

    bucket: str
    archive: str
    queue: ObjectQueue
    objects: tuple[Entry, ...]
    records: tuple[Entry, ...]
    dead_letters: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to replay."""
        return not (self.objects or self.records or self.dead_letters)


@dataclass(frozen=True)
class ReplayResult:
    """The result of a replay: the counts, and the reason for each entry that stays in quarantine."""

    objects: int = 0
    records: int = 0
    dead_letters: int = 0
    remaining: tuple[str, ...] = ()


def find_backlog(aws: Aws, bucket: str, archive: str, prefix: str = RAW_PREFIX) -> Backlog:
    """Find everything in quarantine whose raw key begins with ``prefix``, and the dead letters. Changes nothing."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    queue = find_queue(s3, sqs, bucket, RAW_PREFIX)
    objects = tuple(_entries(s3, bucket, OBJECTS_PREFIX, prefix))
    records = tuple(_entries(s3, bucket, RECORDS_PREFIX, prefix))
    return Backlog(bucket, archive, queue, objects, records, count_dead_letters(sqs, queue))


def backlog_text(aws: Aws, backlog: Backlog) -> str:
    """The backlog for people; of many entries the first ones with their reasons."""
    if backlog.is_empty:
        return "Nothing waits to be replayed."
    s3 = aws.client("s3")
    lines = []
    for title, entries, reason in (
        ("quarantined objects", backlog.objects, _object_reason),
        ("objects with quarantined records", backlog.records, _record_reasons),
    ):
        lines.append(f"{len(entries)} {title}")
        lines += [f"  {entry.key}  {reason(s3, backlog.bucket, entry)}" for entry in entries[:MAX_ENTRIES]]
        lines += [f"  … and {len(entries) - MAX_ENTRIES} more"] if len(entries) > MAX_ENTRIES else []
    lines.append(f"{backlog.dead_letters} dead letters")
    return "\n".join(map(visible, lines))


def replay_backlog(aws: Aws, backlog: Backlog, say: Callable[[str], None]) -> ReplayResult:
    """Replay the backlog. An entry that cannot be replayed stays in quarantine.

    Raises:
        ReplayError: SQS cannot move the dead letters.
    """
    s3, sqs = aws.client("s3"), aws.client("sqs")
    remaining: list[str] = []
    objects = records = 0
    for entry in backlog.objects:
        try:
            _replay_object(s3, sqs, backlog, entry)
            objects += 1
        except ReplayError as error:
            remaining.append(f"{OBJECTS_PREFIX}{entry.key}: {error.what}")
    for entry in backlog.records:
        try:
            records += _replay_records(s3, backlog, entry)
        except ReplayError as error:
            remaining.append(f"{RECORDS_PREFIX}{entry.key}: {error.what}")
    moved = move_dead_letters(sqs, backlog.queue, say) if backlog.dead_letters else 0
    return ReplayResult(objects, records, moved, tuple(remaining))


# ---- quarantined objects --------------------------------------------------------------------------------------------


def _replay_object(s3: Any, sqs: Any, backlog: Backlog, entry: Entry) -> None:
    """Announce the raw object again, then delete its entry. Raises ReplayError if it cannot be read."""
    head = _head(s3, backlog.bucket, entry.key)
    if head is None:
        # The raw object is gone: its copy becomes the raw object, and S3 announces that automatically.
        source = {"Bucket": backlog.bucket, "Key": entry.quarantined.key, "VersionId": entry.quarantined.id}
        s3.copy_object(Bucket=backlog.bucket, Key=entry.key, CopySource=source)
    elif _is_frozen(head):
        raise ReplayError(f"the object is in {head['StorageClass']}; restore it first")
    else:
        announce_object(sqs, backlog.queue, backlog.bucket, entry.key)
    _delete(s3, backlog.bucket, *filter(None, (entry.reason, entry.quarantined)))


def _head(s3: Any, bucket: str, key: str) -> Any:
    try:
        return s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in GONE:
            return None
        raise


def _is_frozen(head: Any) -> bool:
    return head.get("StorageClass") in FROZEN and 'ongoing-request="false"' not in head.get("Restore", "")


# ---- quarantined records --------------------------------------------------------------------------------------------


def _replay_records(s3: Any, backlog: Backlog, entry: Entry) -> int:
    """Store the rejected lines as a raw object of their own, then delete their entry; gives how many they are."""
    rejected = {int(record["line"]): str(record["record"]) for record in _rejected(s3, backlog.bucket, entry)}
    lines = _lines(s3, backlog, entry.key, rejected)
    body = b"".join(lines)
    s3.put_object(Bucket=backlog.bucket, Key=_own_key(entry, body), Body=gzip.compress(body, mtime=0))
    _delete(s3, backlog.bucket, entry.quarantined)
    return len(lines)


def _rejected(s3: Any, bucket: str, entry: Entry) -> list[dict[str, Any]]:
    response = s3.get_object(Bucket=bucket, Key=entry.quarantined.key, VersionId=entry.quarantined.id)
    return [json.loads(line) for line in gzip.decompress(response["Body"].read()).splitlines()]


def _lines(s3: Any, backlog: Backlog, key: str, rejected: dict[int, str]) -> list[bytes]:
    """The rejected lines as they were sent, with their ends. Raises ReplayError if the object has changed since."""
    lines = []
    with gzip.GzipFile(fileobj=_original(s3, backlog, key)) as plain:
        for number, line in enumerate(plain, start=1):
            if number in rejected:
                text = line[:MAX_LINE_BYTES].decode("utf-8", "replace").rstrip("\n")
                if text != rejected[number]:
                    break
                lines.append(line.rstrip(b"\n") + b"\n")
    if len(lines) != len(rejected):
        what = f"the raw object has changed since (line {number}); if it was corrected, delete this entry"
        raise ReplayError(what)
    return lines


def _original(s3: Any, backlog: Backlog, key: str) -> Any:
    for bucket in (backlog.bucket, backlog.archive):
        head = _head(s3, bucket, key)
        if head is not None and not _is_frozen(head):
            return s3.get_object(Bucket=bucket, Key=key)["Body"]
    raise ReplayError("neither the raw object nor its archived copy can be read; restore one of them first")


def _own_key(entry: Entry, body: bytes) -> str:
    """A key beside the object of the lines; the same entry gives the same key, another entry another one."""
    folder, _, name = entry.key.rpartition("/")
    stem = name.removesuffix(SUFFIX).partition("-replay-")[0]
    digest = hashlib.sha256(entry.quarantined.id.encode() + b"\0" + entry.key.encode() + b"\0" + body).hexdigest()[:16]
    return f"{folder}/{stem}-replay-{digest}{SUFFIX}"


# ---- the quarantine -------------------------------------------------------------------------------------------------


def _entries(s3: Any, bucket: str, below: str, prefix: str) -> Iterator[Entry]:
    """The latest version of each kept object, with that of the reason beside it."""
    latest = {
        version["Key"]: version
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=below + prefix)
        for version in page.get("Versions", [])
        if version["IsLatest"]
    }
    for key, version in sorted(latest.items()):
        if key.endswith(REASON_SUFFIX):
            continue
        reason = latest.get(key + REASON_SUFFIX)
        yield Entry(
            key.removeprefix(below),
            _version(version),
            int(version["Size"]),
            None if reason is None else _version(reason),
        )


def _version(listed: Any) -> Version:
    return Version(listed["Key"], listed["VersionId"])


def _delete(s3: Any, bucket: str, *versions: Version) -> None:
    for version in versions:
        s3.delete_object(Bucket=bucket, Key=version.key, VersionId=version.id)


def _object_reason(s3: Any, bucket: str, entry: Entry) -> str:
    if entry.reason is None:
        return "(no reason is kept)"
    response = s3.get_object(Bucket=bucket, Key=entry.reason.key, VersionId=entry.reason.id)
    return str(json.loads(response["Body"].read()).get("reason", ""))


def _record_reasons(s3: Any, bucket: str, entry: Entry) -> str:
    reasons = Counter(str(record["reason"]) for record in _rejected(s3, bucket, entry))
    return ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(3))
