"""Brings quarantined objects, quarantined records and dead letters back for processing, once their cause is mended.

Nothing is lost when this dies at any point: an entry leaves the quarantine only after its work is in the queue or stored
as a new raw object, and then exactly the version goes that was listed, so that what processing refuses meanwhile stays.
Doing it twice is harmless: processing is exactly once in effect.

- ``quarantine/objects/<key>``: the raw object ``<key>`` itself is announced again. If the mistake was in its content,
  store the mended object under ``<key>`` first.
- ``quarantine/records/<key>``: the refused lines are taken from the raw object (or its archived copy) by their numbers
  and stored as a raw object of their own.
- dead letters of the object queue: moved back by SQS.
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

from deploy.errors import ReplayError
from deploy.replaying import dead_letters
from deploy.replaying.dead_letters import ObjectQueue
from deploy.session import Aws, code_of

RAW_PREFIX = "market-data/"
OBJECTS_PREFIX = "quarantine/objects/"
RECORDS_PREFIX = "quarantine/records/"
REASON_SUFFIX = ".reason.json"
SUFFIX = ".ndjson.gz"
KEPT_OF_A_LINE = 4096  # bytes of a refused line that the quarantine shows
SHOWN = 20
FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})
GONE = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class Version:
    """One version of a key of the raw bucket."""

    key: str
    id: str


@dataclass(frozen=True)
class Entry:
    """Something in quarantine: ``key`` is the raw object's; ``reason`` is the file beside a quarantined object."""

    key: str
    kept: Version
    size: int
    reason: Version | None = None


@dataclass(frozen=True)
class Backlog:
    """What waits to be replayed."""

    bucket: str
    archive: str
    queue: ObjectQueue
    objects: tuple[Entry, ...]
    records: tuple[Entry, ...]
    dead_letters: int

    @property
    def empty(self) -> bool:
        return not (self.objects or self.records or self.dead_letters)


@dataclass(frozen=True)
class Replayed:
    """What a replay came to. ``left`` says for each entry that stays in quarantine why."""

    objects: int
    records: int
    dead_letters: int
    left: tuple[str, ...]


def find(aws: Aws, bucket: str, archive: str, prefix: str = RAW_PREFIX) -> Backlog:
    """Everything in quarantine whose raw key begins with ``prefix``, and the dead letters. Changes nothing."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    queue = dead_letters.find(s3, sqs, bucket, RAW_PREFIX)
    objects = tuple(_entries(s3, bucket, OBJECTS_PREFIX, prefix))
    records = tuple(_entries(s3, bucket, RECORDS_PREFIX, prefix))
    return Backlog(bucket, archive, queue, objects, records, dead_letters.waiting(sqs, queue))


def text(aws: Aws, backlog: Backlog) -> str:
    """What would be replayed, for people; of many entries the first ones with their reasons."""
    if backlog.empty:
        return "Nothing waits to be replayed."
    s3 = aws.client("s3")
    lines = []
    for title, entries, reason in (
        ("quarantined objects", backlog.objects, _reason_of_object),
        ("objects with quarantined records", backlog.records, _reasons_of_records),
    ):
        lines.append(f"{len(entries)} {title}")
        lines += [f"  {entry.key}  {reason(s3, backlog.bucket, entry)}" for entry in entries[:SHOWN]]
        lines += [f"  … and {len(entries) - SHOWN} more"] if len(entries) > SHOWN else []
    lines.append(f"{backlog.dead_letters} dead letters")
    return "\n".join(lines)


def replay(aws: Aws, backlog: Backlog, say: Callable[[str], None]) -> Replayed:
    """Replay the backlog. Raises ReplayError when SQS cannot move the dead letters; entries that cannot go stay."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    left: list[str] = []
    objects = records = 0
    for entry in backlog.objects:
        why = _replay_object(s3, sqs, backlog, entry)
        objects += why is None
        left += [] if why is None else [f"{OBJECTS_PREFIX}{entry.key}: {why}"]
    for entry in backlog.records:
        try:
            records += _replay_records(s3, backlog, entry)
        except ReplayError as error:
            left.append(f"{RECORDS_PREFIX}{entry.key}: {error.what}")
    moved = dead_letters.move(sqs, backlog.queue, say) if backlog.dead_letters else 0
    return Replayed(objects, records, moved, tuple(left))


# ---- quarantined objects --------------------------------------------------------------------------------------------


def _replay_object(s3: Any, sqs: Any, backlog: Backlog, entry: Entry) -> str | None:
    """Announce the raw object again, then take it out of quarantine; the reason why not, where it cannot go."""
    head = _head(s3, backlog.bucket, entry.key)
    if head is None:
        # The raw object is gone; its copy becomes it again, and S3 announces that by itself.
        source = {"Bucket": backlog.bucket, "Key": entry.kept.key, "VersionId": entry.kept.id}
        s3.copy_object(Bucket=backlog.bucket, Key=entry.key, CopySource=source)
    elif _is_frozen(head):
        return f"the object lies in {head['StorageClass']}; restore it first"
    else:
        dead_letters.announce(sqs, backlog.queue, backlog.bucket, entry.key)
    _delete(s3, backlog.bucket, *filter(None, (entry.reason, entry.kept)))
    return None


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
    """Store the refused lines as a raw object of their own, then take them out of quarantine; gives how many."""
    refused = {int(one["line"]): str(one["record"]) for one in _refused(s3, backlog.bucket, entry)}
    lines = _lines(s3, backlog, entry.key, refused)
    body = b"".join(lines)
    s3.put_object(Bucket=backlog.bucket, Key=_own_key(entry, body), Body=gzip.compress(body, mtime=0))
    _delete(s3, backlog.bucket, entry.kept)
    return len(lines)


def _refused(s3: Any, bucket: str, entry: Entry) -> list[dict[str, Any]]:
    reply = s3.get_object(Bucket=bucket, Key=entry.kept.key, VersionId=entry.kept.id)
    return [json.loads(line) for line in gzip.decompress(reply["Body"].read()).splitlines()]


def _lines(s3: Any, backlog: Backlog, key: str, refused: dict[int, str]) -> list[bytes]:
    """The refused lines as they were sent, with their ends. Raises ReplayError where the object is not the same any more."""
    found = []
    with gzip.GzipFile(fileobj=_original(s3, backlog, key)) as plain:
        for number, line in enumerate(plain, start=1):
            if number in refused:
                shown = line[:KEPT_OF_A_LINE].decode("utf-8", "replace").rstrip("\n")
                if shown != refused[number]:
                    break
                found.append(line.rstrip(b"\n") + b"\n")
    if len(found) != len(refused):
        raise ReplayError(f"the raw object has changed since (line {number}); if it was mended, delete this entry")
    return found


def _original(s3: Any, backlog: Backlog, key: str) -> Any:
    for bucket in (backlog.bucket, backlog.archive):
        head = _head(s3, bucket, key)
        if head is not None and not _is_frozen(head):
            return s3.get_object(Bucket=bucket, Key=key)["Body"]
    raise ReplayError("neither the raw object nor its archived copy can be read; restore one of them first")


def _own_key(entry: Entry, body: bytes) -> str:
    """Beside the object that the lines come from; the same entry gives the same key, another one another."""
    folder, _, name = entry.key.rpartition("/")
    stem = name.removesuffix(SUFFIX).partition("-replay-")[0]
    digest = hashlib.sha256(entry.kept.id.encode() + b"\0" + entry.key.encode() + b"\0" + body).hexdigest()[:16]
    return f"{folder}/{stem}-replay-{digest}{SUFFIX}"


# ---- the quarantine -------------------------------------------------------------------------------------------------


def _entries(s3: Any, bucket: str, below: str, prefix: str) -> Iterator[Entry]:
    """The latest version of each kept object, with that of the reason beside it."""
    latest = {
        one["Key"]: one
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=below + prefix)
        for one in page.get("Versions", [])
        if one["IsLatest"]
    }
    for key, one in sorted(latest.items()):
        if key.endswith(REASON_SUFFIX):
            continue
        reason = latest.get(key + REASON_SUFFIX)
        yield Entry(
            key.removeprefix(below), _version(one), int(one["Size"]), None if reason is None else _version(reason)
        )


def _version(one: Any) -> Version:
    return Version(one["Key"], one["VersionId"])


def _delete(s3: Any, bucket: str, *versions: Version) -> None:
    for version in versions:
        s3.delete_object(Bucket=bucket, Key=version.key, VersionId=version.id)


def _reason_of_object(s3: Any, bucket: str, entry: Entry) -> str:
    if entry.reason is None:
        return "(no reason is kept)"
    reply = s3.get_object(Bucket=bucket, Key=entry.reason.key, VersionId=entry.reason.id)
    return str(json.loads(reply["Body"].read()).get("reason", ""))


def _reasons_of_records(s3: Any, bucket: str, entry: Entry) -> str:
    reasons = Counter(str(one["reason"]) for one in _refused(s3, bucket, entry))
    return ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(3))
