"""Packaging uploads what the bucket lacks, once, and points every template at its children."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import ANY

from cfn.templates import load_templates, parse
from deploy.errors import BootstrapError
from deploy.packaging import package
from deploy.settings import Project
from tests.deploy.support.aws import ACCOUNT, Scripted, refusal

BUCKET = f"platform-artifacts-{ACCOUNT}-us-east-1"


class FakeS3:
    """A bucket in memory that counts what is put; packaging uses threads, which a Stubber's queue does not order."""

    def __init__(self, bucket: str = BUCKET) -> None:
        self.bucket, self.objects, self.puts = bucket, dict[str, dict[str, Any]](), 0

    def head_bucket(self, **arguments: str) -> None:
        assert arguments == {"Bucket": self.bucket, "ExpectedBucketOwner": ACCOUNT}

    def head_object(self, **arguments: str) -> dict[str, Any]:
        if arguments["Key"] not in self.objects:
            raise refusal("404", status=404)
        return self.objects[arguments["Key"]]

    def put_object(self, **arguments: Any) -> None:
        assert arguments["ExpectedBucketOwner"] == ACCOUNT
        self.puts += 1
        self.objects[arguments["Key"]] = arguments


@pytest.fixture
def pack(project: Project, scripted: Scripted) -> Callable[[FakeS3], package.Package]:
    def run(s3: FakeS3) -> package.Package:
        scripted.aws._clients["s3"] = s3
        return package.build_package(scripted.aws, project, "small", load_templates(project.templates("small")))

    return run


@pytest.mark.requirement("T-FN-1")
def test_second_packaging_uploads_nothing(pack: Callable[[FakeS3], package.Package]) -> None:
    s3 = FakeS3()
    first = pack(s3)
    assert (len(first.uploaded), len(first.reused), s3.puts) == (4, 0, 4)
    second = pack(s3)
    assert (len(second.uploaded), len(second.reused), s3.puts) == (0, 4, 4)
    assert second.parameters == first.parameters


def test_root_points_at_the_uploaded_templates(pack: Callable[[FakeS3], package.Package]) -> None:
    s3 = FakeS3()
    packed = pack(s3)
    prefix = f"https://s3.us-east-1.amazonaws.com/{BUCKET}/"
    root = parse(s3.objects[packed.urls["root.yaml"].removeprefix(prefix)]["Body"].decode())
    for logical_id, name in (("Storage", "storage.yaml"), ("Functions", "functions.yaml")):
        url = root["Resources"][logical_id]["Properties"]["TemplateURL"]
        assert url == packed.urls[name]
        assert url.removeprefix(prefix) in s3.objects


def test_artifact_parameters_are_filled_in(pack: Callable[[FakeS3], package.Package]) -> None:
    packed = pack(FakeS3())
    assert packed.parameters == {"ArtifactBucket": BUCKET, "HelloArtifactKey": packed.artifacts[0].key}


def test_changed_child_changes_its_parents_key_and_no_other(
    project: Project, pack: Callable[[FakeS3], package.Package]
) -> None:
    s3 = FakeS3()
    before = pack(s3)
    storage = project.templates("small") / "storage.yaml"
    storage.write_text(storage.read_text().replace("PAY_PER_REQUEST", "PROVISIONED"))
    after = pack(s3)
    changed = {name for name in before.urls if before.urls[name] != after.urls[name]}
    assert changed == {"storage.yaml", "root.yaml"}
    assert len(after.uploaded) == 2


def test_china_has_its_own_suffix(scripted: Scripted) -> None:
    scripted.aws.__dict__["partition"] = "aws-cn"
    assert scripted.aws.url_suffix == "amazonaws.com.cn"


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "does not exist. Run `deploy bootstrap` once"), (403, "is not readable: it belongs to another account")],
)
def test_missing_or_foreign_bucket_is_one_sentence(scripted: Scripted, status: int, message: str) -> None:
    expected = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}
    scripted["s3"].add_client_error("head_bucket", str(status), http_status_code=status, expected_params=expected)
    with pytest.raises(BootstrapError) as caught:
        package.require_bucket(scripted.aws.client("s3"), BUCKET, ACCOUNT)
    assert message in str(caught.value)


def test_upload_sends_the_checksum_that_s3_verifies(scripted: Scripted) -> None:
    item = package.BucketObject("k", "00" * 32, lambda: b"content")
    scripted["s3"].add_client_error("head_object", "404", http_status_code=404)
    put = {"Bucket": "b", "Key": "k", "Body": b"content", "ExpectedBucketOwner": ACCOUNT, "ChecksumSHA256": ANY}
    scripted["s3"].add_response("put_object", {}, put)
    assert package.upload_missing(scripted.aws.client("s3"), "b", ACCOUNT, [item]) == {"k"}
