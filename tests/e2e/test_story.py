"""An act that fails is one failure, and all later tests of its story skip with its name."""

from __future__ import annotations

import pytest

from tests.e2e.support.site import PROJECT

pytest_plugins = ("pytester",)

CONFTEST = "from tests.e2e.support.story import pytest_runtest_makereport, pytest_runtest_setup, story"
STORY = """
import pytest

@pytest.fixture(scope="module")
def cloud():
    if {cloud_fails}:
        raise RuntimeError("no emulator")

@pytest.mark.act("the deployment")
def test_deployed(cloud, story):
    story.outliving["s3"] = ["artifacts"]
    assert not {deployment_fails}

def test_used(cloud):
    assert not {use_fails}

@pytest.mark.act("the change")
def test_changed(cloud):
    assert not {change_fails}

def test_used_again(cloud):
    pass

def test_destroyed(story):
    assert story.outliving == {{"s3": ["artifacts"]}}
"""
ANOTHER_STORY = "def test_elsewhere(story): assert story.outliving == {}"
SWITCHES = ("cloud_fails", "deployment_fails", "use_fails", "change_fails")


@pytest.mark.parametrize(
    ("fails", "outcomes", "reasons"),
    [
        ("nothing", {"passed": 6}, set()),
        ("cloud_fails", {"passed": 1, "skipped": 4, "errors": 1}, {"the deployment failed: see test_deployed"}),
        ("deployment_fails", {"passed": 1, "skipped": 4, "failed": 1}, {"the deployment failed: see test_deployed"}),
        ("use_fails", {"passed": 5, "failed": 1}, set()),
        ("change_fails", {"passed": 3, "skipped": 2, "failed": 1}, {"the change failed: see test_changed"}),
    ],
)
def test_a_failed_act_is_one_failure_and_the_reason_of_all_later_skips(
    fails: str, outcomes: dict[str, int], reasons: set[str], pytester: pytest.Pytester
) -> None:
    """A failed deployment once was forty failures. The failure of another test, or in another module, skips nothing."""
    pytester.makeini("[pytest]\nmarkers =\n    act(name)")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        test_story=STORY.format(**{switch: switch == fails for switch in SWITCHES}), test_another=ANOTHER_STORY
    )
    result = pytester.runpytest_inprocess("-rs", "-p", "no:cacheprovider")
    result.assert_outcomes(**outcomes)
    skips = [line for line in result.outlines if line.startswith("SKIPPED")]
    assert {line.partition(": ")[2] for line in skips} == reasons


def test_both_stories_begin_with_an_act() -> None:
    """Otherwise a failed deployment would fail each test again."""
    for platform in ("trading", "transactions"):
        text = (PROJECT / "tests" / "e2e" / f"test_{platform}.py").read_text(encoding="utf-8")
        above_the_first_test, _, _ = text.partition("def test_")
        assert '@pytest.mark.act("the deployment")' in above_the_first_test
