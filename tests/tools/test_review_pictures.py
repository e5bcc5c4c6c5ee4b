"""The pictures of docs/review.md can be made again: their edits still apply, and the page shows each of them."""

from __future__ import annotations

import pytest

from cfn.templates import load_templates
from tools.review_pictures import IMAGES, PICTURES, PROJECT, Edit, Picture, edited

PAGE = (PROJECT / "docs" / "review.md").read_text("utf-8")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
def test_edits_apply_to_the_committed_templates(picture: Picture) -> None:
    committed = load_templates(PROJECT / "templates" / picture.platform)
    after = edited(committed, picture.edits)
    changed = {name for name, template in after.by_name.items() if template.text != committed.by_name[name].text}
    assert changed == {edit.file for edit in picture.edits}


def test_an_edit_that_no_longer_applies_is_an_error() -> None:
    committed = load_templates(PROJECT / "templates" / "trading")
    with pytest.raises(ValueError, match=r"network\.yaml does not have 'no such text' once"):
        edited(committed, (Edit("network.yaml", "no such text", ""),))


def test_the_page_shows_every_picture_and_no_other() -> None:
    names = {picture.file for picture in PICTURES}
    assert {path.name for path in IMAGES.iterdir()} == names
    assert all(f"](images/{name})" in PAGE for name in names)
    assert len({(picture.platform, picture.title) for picture in PICTURES}) == 3


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
def test_a_picture_is_small(picture: Picture) -> None:
    assert 0 < (IMAGES / picture.file).stat().st_size < 150_000
