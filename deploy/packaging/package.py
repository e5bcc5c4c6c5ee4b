"""Uploads what the artifact bucket lacks, under keys that are the content, and points the templates at it.

Nothing is uploaded twice: the key is the content's text_digest, so an object that is there is the right one. Children go
before their parents, because a parent holds the URL, and with it the text_digest, of each child.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cfn.parameters import ARTIFACT_BUCKET
from cfn.templates import CommittedTemplates, rewrite_urls, text_digest
from deploy.errors import BootstrapError
from deploy.packaging import artifacts as builder
from deploy.packaging.artifacts import Artifact
from deploy.session import Aws, code_of
from deploy.settings import Project

UPLOADS = 8


@dataclass(frozen=True)
class Object:
    """Something for the bucket: its key, its bytes on demand, and the SHA-256 of these bytes, hexadecimal."""

    key: str
    sha256: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Package:
    """A packaged set. ``urls`` and ``packaged`` (SHA-256 of the rewritten text) are by template file name."""

    bucket: str
    urls: Mapping[str, str]
    packaged: Mapping[str, str]
    artifacts: tuple[Artifact, ...]
    parameters: Mapping[str, str]
    uploaded: tuple[str, ...]
    reused: tuple[str, ...]


def bucket_name(aws: Aws) -> str:
    """The artifact bucket of this account and region, as bootstrap makes it."""
    return f"platform-artifacts-{aws.account}-{aws.region}"


def build(
    aws: Aws,
    project: Project,
    platform: str,
    templates: CommittedTemplates,
    *,
    bucket: str | None = None,
    host: bool = False,
) -> Package:
    """Build the zips of the functions and services and upload them with the templates.

    ``host`` takes wheels for this machine, for the embedded AWS, instead of the machines in AWS. Raises ArtifactError,
    TemplateError for keys and folders that do not match, BootstrapError when the bucket is missing or another's.
    """
    wanted = builder.match(platform, templates.root.document, project.lambda_src, project.web_src)
    name = bucket or bucket_name(aws)
    zips = builder.build_all(wanted, project.work, host=host)
    s3 = aws.client("s3")
    require_bucket(s3, name, aws.account)
    urls, texts = rewritten(platform, templates, f"https://s3.{aws.region}.{aws.url_suffix}/{name}")
    objects = [_zip_object(one) for one in zips]
    objects += [_text_object(url.split(f"/{name}/", 1)[1], texts[file]) for file, url in urls.items()]
    uploaded = upload(s3, name, aws.account, objects)
    declared = templates.root.document.get("Parameters", {})
    filled = {one.parameter: one.key for one in zips}
    if ARTIFACT_BUCKET in declared:
        filled[ARTIFACT_BUCKET] = name
    return Package(
        bucket=name,
        urls=urls,
        packaged={file: text_digest(text) for file, text in texts.items()},
        artifacts=tuple(zips),
        parameters=filled,
        uploaded=tuple(one.key for one in objects if one.key in uploaded),
        reused=tuple(one.key for one in objects if one.key not in uploaded),
    )


def rewritten(platform: str, templates: CommittedTemplates, base: str) -> tuple[dict[str, str], dict[str, str]]:
    """Template file name -> URL, and -> text with URLs, children before parents.

    ``base`` is ``https://s3.<region>.<suffix>/<bucket>``: TemplateURL must be an S3 URL, and this form is taken by
    every region.
    """
    urls: dict[str, str] = {}
    texts: dict[str, str] = {}
    for template in templates.children_first():
        nested = {logical_id: urls[name] for logical_id, name in template.nested.items()}
        text = rewrite_urls(template, nested)
        stem, suffix = template.name.rsplit(".", 1)
        urls[template.name] = f"{base}/templates/{platform}/{stem}-{text_digest(text)}.{suffix}"
        texts[template.name] = text
    return urls, texts


def require_bucket(s3: Any, bucket: str, account: str) -> None:
    """Raise BootstrapError unless the bucket exists and belongs to the account."""
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchBucket", "NotFound"):
            what = f"The artifact bucket {bucket} does not exist."
            raise BootstrapError(bucket, what, "Run `deploy bootstrap` once for this account and region.") from None
        if code_of(error) in ("403", "AccessDenied"):
            what = (
                f"The artifact bucket {bucket} is not readable: it is another account's, or s3:ListBucket is missing."
            )
            raise BootstrapError(bucket, what, "Give --bucket, or ask for that permission.") from None
        raise


def upload(s3: Any, bucket: str, account: str, objects: Sequence[Object]) -> set[str]:
    """Upload what is not there, all at once (nothing reads it before the change set is made); gives the new keys."""

    def put(one: Object) -> str | None:
        if exists(s3, bucket, account, one.key):
            return None
        checksum = base64.b64encode(bytes.fromhex(one.sha256)).decode()
        s3.put_object(
            Bucket=bucket,
            Key=one.key,
            Body=one.read(),
            ExpectedBucketOwner=account,
            ChecksumSHA256=checksum,  # S3 refuses bytes that arrive otherwise than they were read
        )
        return one.key

    with ThreadPoolExecutor(max_workers=UPLOADS) as pool:
        return {key for key in pool.map(put, objects) if key}


def exists(s3: Any, bucket: str, account: str, key: str) -> bool:
    """HeadObject, as a yes or no."""
    try:
        s3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True


def _zip_object(artifact: Artifact) -> Object:
    return Object(artifact.key, artifact.zip_sha256, Path(artifact.path).read_bytes)


def _text_object(key: str, text: str) -> Object:
    content = text.encode("utf-8")
    return Object(key, hashlib.sha256(content).hexdigest(), lambda: content)
