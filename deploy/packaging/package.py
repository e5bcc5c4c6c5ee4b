"""Uploads what the artifact bucket lacks and points the templates at it.

The key of an object is the digest of its content, so an object that exists is the right one and is not uploaded again.
Children come before their parents, because a parent holds the URL, and with it the digest, of each child.
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
from deploy.packaging.artifacts import Artifact, build_artifacts, match_sources
from deploy.session import Aws, code_of
from deploy.settings import Project

UPLOADS = 8


@dataclass(frozen=True)
class BucketObject:
    """An object for the bucket.

    Attributes:
        sha256: The digest of the bytes, hexadecimal.
        read: Returns the bytes.
    """

    key: str
    sha256: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Package:
    """What was packaged.

    Attributes:
        urls: The URLs of the templates by file name.
        packaged: The SHA-256 of the rewritten templates by file name.
        artifacts: The zips.
        parameters: The parameters that packaging fills in.
        uploaded: The keys that were uploaded.
        reused: The keys that existed before.
    """

    bucket: str
    urls: Mapping[str, str]
    packaged: Mapping[str, str]
    artifacts: tuple[Artifact, ...]
    parameters: Mapping[str, str]
    uploaded: tuple[str, ...]
    reused: tuple[str, ...]


def bucket_name(aws: Aws) -> str:
    """The artifact bucket of this account and region, as bootstrap creates it."""
    return f"platform-artifacts-{aws.account}-{aws.region}"


def build_package(
    aws: Aws,
    project: Project,
    platform: str,
    templates: CommittedTemplates,
    *,
    bucket: str | None = None,
    host: bool = False,
) -> Package:
    """Build the zips of the functions and services and upload them with the templates.

    The default bucket is that of the account and region. With ``host`` the wheels are for this machine, for the embedded
    AWS, instead of the machines in AWS.

    Raises:
        ArtifactError: A folder cannot be packaged.
        TemplateError: Keys and folders do not match.
        BootstrapError: The bucket is missing or belongs to another account.
    """
    sources = match_sources(platform, templates.root.document, project.lambda_src, project.web_src)
    name = bucket or bucket_name(aws)
    artifacts = build_artifacts(sources, project.work, host=host)
    s3 = aws.client("s3")
    require_bucket(s3, name, aws.account)
    urls, texts = rewrite_templates(platform, templates, f"https://s3.{aws.region}.{aws.url_suffix}/{name}")
    objects = [_zip_object(artifact) for artifact in artifacts]
    objects += [text_object(url.split(f"/{name}/", 1)[1], texts[file]) for file, url in urls.items()]
    uploaded = upload_missing(s3, name, aws.account, objects)
    return Package(
        bucket=name,
        urls=urls,
        packaged={file: text_digest(text) for file, text in texts.items()},
        artifacts=tuple(artifacts),
        parameters=_filled_parameters(templates, name, artifacts),
        uploaded=tuple(item.key for item in objects if item.key in uploaded),
        reused=tuple(item.key for item in objects if item.key not in uploaded),
    )


def _filled_parameters(templates: CommittedTemplates, bucket: str, artifacts: Sequence[Artifact]) -> dict[str, str]:
    parameters = {artifact.parameter: artifact.key for artifact in artifacts}
    if ARTIFACT_BUCKET in templates.root.document.get("Parameters", {}):
        parameters[ARTIFACT_BUCKET] = bucket
    return parameters


def rewrite_templates(platform: str, templates: CommittedTemplates, base: str) -> tuple[dict[str, str], dict[str, str]]:
    """Point the templates at their packaged children, children before parents.

    Args:
        platform: The platform.
        templates: The committed templates.
        base: ``https://s3.<region>.<suffix>/<bucket>``. TemplateURL must be an S3 URL, and every region takes this form.

    Returns:
        Template file name -> URL, and template file name -> text with URLs.
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
    """Check that the bucket exists and belongs to the account.

    Raises:
        BootstrapError: It does not.
    """
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchBucket", "NotFound"):
            what = f"The artifact bucket {bucket} does not exist."
            raise BootstrapError(bucket, what, "Run `deploy bootstrap` once for this account and region.") from None
        if code_of(error) in ("403", "AccessDenied"):
            what = f"The artifact bucket {bucket} is not readable: it belongs to another account, or s3:ListBucket is missing."
            raise BootstrapError(bucket, what, "Give --bucket, or ask for that permission.") from None
        raise


def upload_missing(s3: Any, bucket: str, account: str, objects: Sequence[BucketObject]) -> set[str]:
    """Upload the objects that the bucket lacks, in parallel (nothing reads them before the change set is created).

    Returns:
        The keys of the uploaded objects.
    """

    def put(item: BucketObject) -> str | None:
        if object_exists(s3, bucket, account, item.key):
            return None
        put_object(s3, bucket, account, item)
        return item.key

    with ThreadPoolExecutor(max_workers=UPLOADS) as pool:
        return {key for key in pool.map(put, objects) if key}


def put_object(s3: Any, bucket: str, account: str, item: BucketObject) -> None:
    """Upload an object. The bucket's default encrypts it."""
    s3.put_object(
        Bucket=bucket,
        Key=item.key,
        Body=item.read(),
        ExpectedBucketOwner=account,
        # S3 rejects bytes that arrive otherwise than they were read.
        ChecksumSHA256=base64.b64encode(bytes.fromhex(item.sha256)).decode(),
    )


def object_exists(s3: Any, bucket: str, account: str, key: str) -> bool:
    """Whether the bucket has an object of this key."""
    try:
        s3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True


def _zip_object(artifact: Artifact) -> BucketObject:
    return BucketObject(artifact.key, artifact.zip_sha256, Path(artifact.path).read_bytes)


def text_object(key: str, text: str) -> BucketObject:
    """A text as an object for the bucket."""
    content = text.encode("utf-8")
    return BucketObject(key, hashlib.sha256(content).hexdigest(), lambda: content)
