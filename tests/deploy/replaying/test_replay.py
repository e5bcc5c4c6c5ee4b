"""The replay of quarantined data and dead letters loses nothing, wherever it is killed."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy import cli
from deploy.errors import ReplayError
from deploy.replaying.dead_letters import PATIENCE_POLLS, find_queue, move_dead_letters
from deploy.replaying.layout import (
    MAX_LINE_BYTES,
    OBJECTS_PREFIX,
    RAW_PREFIX,
    REASON_SUFFIX,
    RECORDS_PREFIX,
    SUFFIX,
)
from deploy.replaying.replay import ReplayResult, backlog_text, find_backlog, replay_backlog
from deploy.settings import Project
from tests.deploy.support.aws import Scripted
from tests.deploy.support.quarantine import ARCHIVE, QUEUE, RAW, Cloud, Killed

K = "market-data/date=2026-01-05/hour=14/{}.ndjson.gz"
pytestmark = pytest.mark.requirement("T-DATA-2")


def message(key: str) -> str:
    return json.dumps({"Records": [{"s3": {"bucket": {"name": RAW}, "object": {"key": key}}}]})


def packed(*lines: str) -> bytes:
    return gzip.compress("".join(line + "\n" for line in lines).encode())


LONG = "x" * 5000
LINES = ("good 0", "bad é 1", "good 2", LONG)


def filled_cloud() -> Cloud:
    """Two quarantined objects, one object with two rejected lines, one dead letter."""
    cloud = Cloud()
    for name in ("a", "b"):
        cloud.store(K.format(name), b"?")
        cloud.store("quarantine/objects/" + K.format(name), b"?")
        cloud.store(f"quarantine/objects/{K.format(name)}.reason.json", b'{"reason": "is not complete gzip"}')
    cloud.store(K.format("c"), packed(*LINES))
    rejections = [
        {"object": K.format("c"), "line": n, "reason": "is bad", "record": LINES[n - 1][:4096]} for n in (2, 4)
    ]
    cloud.store("quarantine/records/" + K.format("c"), packed(*map(json.dumps, rejections)))
    cloud.dead.append(message(K.format("d")))
    return cloud


def run(cloud: Cloud) -> ReplayResult:
    backlog = find_backlog(cloud.aws, RAW, ARCHIVE)
    return replay_backlog(cloud.aws, backlog, lambda line: None)


def test_backlog_is_listed_with_its_reasons() -> None:
    cloud = filled_cloud()
    backlog = find_backlog(cloud.aws, RAW, ARCHIVE)
    text = backlog_text(cloud.aws, backlog)
    assert "2 quarantined objects" in text
    assert f"{K.format('a')}  is not complete gzip" in text
    assert f"{K.format('c')}  2 × is bad" in text
    assert "1 dead letters" in text
    assert cloud.changes == 0, "looking changes nothing"
    assert len(find_backlog(cloud.aws, RAW, ARCHIVE, prefix=K.format("a")).objects) == 1


def test_everything_is_replayed_and_a_second_time_finds_nothing() -> None:
    cloud = filled_cloud()
    announced: list[str] = []
    cloud.on_announced = announced.append
    assert run(cloud) == ReplayResult(objects=2, records=2, dead_letters=1, remaining=())
    assert cloud.keys("quarantine/") == []
    own = [key for key in cloud.keys("market-data/") if "-replay-" in key]
    assert len(own) == 1
    assert own[0].startswith("market-data/date=2026-01-05/hour=14/c-replay-")
    assert gzip.decompress(cloud.objects[RAW, own[0]][-1].body).decode().splitlines() == ["bad é 1", LONG]
    assert sorted(announced) == sorted([K.format("a"), K.format("b"), own[0], K.format("d")])
    assert find_backlog(cloud.aws, RAW, ARCHIVE).is_empty
    assert run(cloud) == ReplayResult(0, 0, 0, ())


@pytest.mark.parametrize("call", range(1, 11))
def test_nothing_is_lost_wherever_it_is_killed_and_repeating_completes_it(call: int) -> None:
    cloud = filled_cloud()
    announced: set[str] = set()
    cloud.on_announced = lambda key: announced.add(key.partition("-replay-")[0].removesuffix(".ndjson.gz"))
    names = {K.format(name).removesuffix(".ndjson.gz") for name in "abcd"}
    cloud.die_after = call
    with pytest.raises(Killed):
        run(cloud)
    kept = "".join((*cloud.keys("quarantine/"), *cloud.dead))
    assert all(name in announced or name in kept for name in names)
    cloud.die_after = 0
    run(cloud)
    assert announced == names
    assert (cloud.keys("quarantine/"), cloud.dead) == ([], [])
    assert len([key for key in cloud.keys("market-data/") if "-replay-" in key]) == 1, "the same lines, the same key"


def test_data_that_processing_rejects_again_stays_in_quarantine() -> None:
    """Processing is fast: it may create the new quarantine entry before the replay has deleted the old one."""
    cloud = filled_cloud()

    def reject(key: str) -> None:
        if key == K.format("a"):
            cloud.store("quarantine/objects/" + key, b"again")
            cloud.store(f"quarantine/objects/{key}.reason.json", b'{"reason": "still"}')

    cloud.on_announced = reject
    run(cloud)
    (entry,) = find_backlog(cloud.aws, RAW, ARCHIVE).objects
    assert (entry.key, cloud.objects[RAW, entry.quarantined.key][-1].body) == (K.format("a"), b"again")
    assert entry.reason is not None


def test_missing_raw_object_is_restored_from_its_copy() -> None:
    cloud = filled_cloud()
    del cloud.objects[RAW, K.format("a")]
    cloud.objects[RAW, "quarantine/objects/" + K.format("a")][-1].body = b"copy"
    run(cloud)
    assert cloud.objects[RAW, K.format("a")][-1].body == b"copy"
    assert cloud.keys("quarantine/objects/") == []


def test_object_in_glacier_stays_with_a_reason() -> None:
    cloud = filled_cloud()
    cloud.objects[RAW, K.format("a")][-1].storage_class = "GLACIER"
    result = run(cloud)
    assert result.objects == 1
    assert result.remaining == (f"quarantine/objects/{K.format('a')}: the object is in GLACIER; restore it first",)


def test_rejected_lines_are_taken_from_the_archive_if_the_raw_object_is_missing() -> None:
    cloud = filled_cloud()
    cloud.objects[ARCHIVE, K.format("c")] = cloud.objects.pop((RAW, K.format("c")))
    assert run(cloud).records == 2
    cloud = filled_cloud()
    del cloud.objects[RAW, K.format("c")]
    assert "restore one of them first" in run(cloud).remaining[0]


def test_rejected_lines_of_a_changed_object_stay() -> None:
    """The object has other lines now: storing them would add lines that processing did not reject."""
    cloud = filled_cloud()
    cloud.store(K.format("c"), packed("fixed", *LINES))
    result = run(cloud)
    assert result.records == 0
    assert "has changed since (line 2)" in result.remaining[0]
    assert cloud.keys("quarantine/records/") == ["quarantine/records/" + K.format("c")]


def test_lines_that_are_rejected_twice_get_a_new_object_each_time() -> None:
    """Processing skips an object that it knows, so the same key again would be ignored."""
    cloud = filled_cloud()
    run(cloud)
    (first,) = [key for key in cloud.keys("market-data/") if "-replay-" in key]
    line = {"object": first, "line": 1, "reason": "still", "record": "bad é 1"}
    cloud.store("quarantine/records/" + first, packed(json.dumps(line)))
    run(cloud)
    second = [key for key in cloud.keys("market-data/") if "-replay-" in key and key != first]
    assert len(second) == 1
    assert second[0].count("-replay-") == 1, "the name does not grow"


def test_layout_is_that_of_processing() -> None:
    """The deployer imports no code of the functions, so its copy of the layout must not drift."""
    folder = Path(cli.__file__).parents[1] / "lambda_src" / "process"
    source = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    assert f'RAW_PREFIX = "{RAW_PREFIX}"' in source
    assert f'SUFFIX = "{SUFFIX}"' in source
    assert f"LINE_LIMIT_BYTES = {MAX_LINE_BYTES}" in source
    for prefix in (OBJECTS_PREFIX, RECORDS_PREFIX, REASON_SUFFIX):
        assert prefix in source


# ---- dead letters by SQS itself -------------------------------------------------------------------------------------


def task(status: str, moved: int = 0, **more: Any) -> dict[str, Any]:
    return {"Results": [{"Status": status, "ApproximateNumberOfMessagesMoved": moved, **more}]}


def tasks(scripted: Scripted, *answers: dict[str, Any]) -> None:
    for answer in answers:
        scripted["sqs"].add_response(
            "list_message_move_tasks", answer, {"SourceArn": QUEUE.dead_letters_arn, "MaxResults": 1}
        )


def move(scripted: Scripted) -> int:
    return move_dead_letters(scripted.aws.client("sqs"), QUEUE, lambda line: None, sleep=lambda seconds: None)


def test_dead_letters_are_moved_by_sqs_and_followed_to_the_end(scripted: Scripted) -> None:
    tasks(scripted, {"Results": []})
    scripted["sqs"].add_response("start_message_move_task", {"TaskHandle": "h"}, {"SourceArn": QUEUE.dead_letters_arn})
    tasks(scripted, task("RUNNING", 3), task("COMPLETED", 7))
    assert move(scripted) == 7


def test_running_move_is_followed_and_not_started_again(scripted: Scripted) -> None:
    tasks(scripted, task("RUNNING"), task("COMPLETED", 2))
    assert move(scripted) == 2


def test_previous_move_is_not_mistaken_for_the_new_one(scripted: Scripted) -> None:
    """SQS shows a new task with a delay; the end and count of the previous task do not count."""
    old, new = ({"StartedTimestamp": moment} for moment in (1, 2))
    tasks(scripted, task("COMPLETED", 99, **old))
    scripted["sqs"].add_response("start_message_move_task", {}, {"SourceArn": QUEUE.dead_letters_arn})
    tasks(scripted, task("COMPLETED", 99, **old), task("RUNNING", 1, **new), task("COMPLETED", 4, **new))
    assert move(scripted) == 4


def test_wait_for_a_move_that_sqs_never_shows_ends(scripted: Scripted) -> None:
    tasks(scripted, {"Results": []})
    scripted["sqs"].add_response("start_message_move_task", {}, {"SourceArn": QUEUE.dead_letters_arn})
    tasks(scripted, *[{"Results": []}] * (PATIENCE_POLLS + 1))
    with pytest.raises(ReplayError, match="does not show the move"):
        move(scripted)


def test_failed_move_is_reported_with_its_reason_and_what_remains(scripted: Scripted) -> None:
    tasks(
        scripted,
        task("RUNNING"),
        task("RUNNING"),
        task("FAILED", 1, FailureReason="AWS.SimpleQueueService.AccessDenied"),
    )
    with pytest.raises(ReplayError, match=r"after 1: AWS.SimpleQueueService.AccessDenied.*still in the dead-letter"):
        move(scripted)


def test_other_error_of_sqs_is_not_mistaken_for_a_missing_feature(scripted: Scripted) -> None:
    scripted["sqs"].add_client_error("list_message_move_tasks", "AccessDenied")
    with pytest.raises(Exception, match="AccessDenied"):
        move(scripted)


def test_bucket_that_notifies_no_queue_is_named(scripted: Scripted) -> None:
    scripted["s3"].add_response("get_bucket_notification_configuration", {}, {"Bucket": RAW})
    with pytest.raises(ReplayError, match="raw notifies 0 queues"):
        find_queue(scripted.aws.client("s3"), scripted.aws.client("sqs"), RAW, RAW_PREFIX)


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[Cloud, Callable[..., int]]:
    """The command on a filled quarantine, without a terminal."""
    cloud = filled_cloud()
    values = {"RawBucketName": RAW, "ArchiveBucketName": ARCHIVE}
    monkeypatch.setattr("deploy.commands.replay.read_output_values", lambda aws, stack: values)
    monkeypatch.setattr("deploy.commands.replay.Aws", lambda region, profile: cloud.aws)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return cloud, lambda *arguments: cli.main(["replay", "--platform", "small", *arguments], project=project)


def test_command_lists_first_and_needs_a_confirmation(
    desk: tuple[Cloud, Callable[..., int]], capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, command = desk
    assert command() == 2
    printed = capsys.readouterr()
    assert "2 quarantined objects" in printed.out
    assert "Give --yes to confirm" in printed.err
    assert cloud.changes == 0


def test_command_replays_prints_json_and_finds_nothing_afterwards(
    desk: tuple[Cloud, Callable[..., int]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, command = desk
    assert command("--yes", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["replayed"] == {"objects": 2, "records": 2, "dead_letters": 1, "left": []}
    assert [entry["key"] for entry in document["found"]["objects"]] == [K.format("a"), K.format("b")]
    assert command() == 0
    assert "Nothing waits to be replayed." in capsys.readouterr().out


def test_remaining_entries_are_listed_and_make_an_exit_code(
    desk: tuple[Cloud, Callable[..., int]], capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, command = desk
    cloud.objects[RAW, K.format("b")][-1].storage_class = "DEEP_ARCHIVE"
    assert command("--yes") == 1
    assert "This stays in quarantine:\n  quarantine/objects/" in capsys.readouterr().err


def test_platform_without_quarantine_is_named(
    desk: tuple[Cloud, Callable[..., int]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deploy.commands.replay.read_output_values", lambda aws, stack: {})
    assert desk[1]("--yes") == 2
    assert "has no output RawBucketName" in capsys.readouterr().err
