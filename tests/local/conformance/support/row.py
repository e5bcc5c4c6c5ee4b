"""What a row of the conformance table is, and the addresses that its sources begin with."""

from __future__ import annotations

from dataclasses import dataclass

DOCS = "https://docs.aws.amazon.com/"
CLOUDFORMATION = f"{DOCS}AWSCloudFormation/latest/UserGuide/"
CLOUDFORMATION_API = f"{DOCS}AWSCloudFormation/latest/APIReference/"


@dataclass(frozen=True)
class Difference:
    """What the emulator does instead of what AWS documents.

    Attributes:
        emulator: what the emulator does.
        conclusion: what nobody should conclude from the demo.
        untestable: why no test shows the difference; empty if a test does.
    """

    emulator: str
    conclusion: str
    untestable: str = ""


@dataclass(frozen=True)
class Row:
    """One behaviour of AWS that the platforms or the deployer rely on.

    Attributes:
        id: unique in the table; the test is called ``test_<id>``.
        behaviour: what AWS does, in one or two sentences.
        source: the page or public report that documents it.
        types: the resource types that the row is about.
        calls: the API calls that the row is about, as boto3 names them: ``s3.put_object``.
        difference: how the emulator differs; None if the test passes.
    """

    id: str
    behaviour: str
    source: str
    types: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    difference: Difference | None = None


@dataclass(frozen=True)
class Table:
    """The rows of one subject.

    Attributes:
        subject: the services, as the page names them.
        rows: in the order of the page.
    """

    subject: str
    rows: tuple[Row, ...]
