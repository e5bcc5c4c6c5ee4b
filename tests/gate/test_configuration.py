from __future__ import annotations

from pathlib import Path

import pytest

from gate.cli import PROJECT
from gate.configuration import check_configuration, read_configuration
from gate.errors import ConfigurationError


def test_every_ignored_check_of_the_project_has_its_reason() -> None:
    assert check_configuration(read_configuration(PROJECT)) == ()


def test_ignored_check_without_a_reason_is_reported_at_its_line() -> None:
    content = b"regions: [us-east-1]\nignore_checks:\n  - W3002 # by design\n  - W1001\n"
    (finding,) = check_configuration(content)
    assert (finding.file, finding.line, finding.rule) == (".cfnlintrc", 4, "GATE01")
    assert finding.message.startswith("W1001 is ignored without a reason")


def test_reason_may_be_on_the_line_above() -> None:
    assert check_configuration(b"ignore_checks:\n  # by design\n  - W3002\n") == ()
    assert len(check_configuration(b"ignore_checks:\n  # by design\n  - W3002\n  - W1001\n")) == 1


@pytest.mark.parametrize("line", [b"ignore_checks: [W3002] # by design", b"ignore_checks: [W3002]"])
def test_checks_on_the_line_of_the_key_fail(line: bytes) -> None:
    assert len(check_configuration(line)) == 1


def test_other_lists_need_no_reasons() -> None:
    assert check_configuration(b"ignore_checks: []\ninclude_checks:\n  - I\n") == ()


def test_missing_configuration_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="missing"):
        read_configuration(tmp_path)
