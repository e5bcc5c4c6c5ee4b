"""Templates as text."""

from __future__ import annotations

import json

import pytest
import yaml
from troposphere import Template
from troposphere.glue import Table, TableInput
from troposphere.sns import SubscriptionResource as Subscription

from builders.assembly.emit import Format, as_dict, render
from builders.assembly.root import assemble
from builders.platforms import PLATFORMS
from tests.builders.support.paths import PROJECT
from tests.builders.support.resources import templates


@pytest.mark.parametrize("platform", PLATFORMS)
def test_plain_data_are_those_of_troposphere(platform: str) -> None:
    for template in assemble(PLATFORMS[platform]).templates.values():
        assert as_dict(template) == template.to_dict()


def test_resource_without_a_required_property_is_an_error() -> None:
    template = Template()
    template.add_resource(Subscription("Mail", Protocol="email"))
    with pytest.raises(ValueError, match="TopicArn required"):
        as_dict(template)


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_empty_lists_and_maps_stay(output: Format) -> None:
    """Some services tell an empty list from an absent one: AWS Glue requires the empty list of partition keys."""
    template = Template()
    template.add_resource(
        Table("View", CatalogId="1", DatabaseName="lake", TableInput=TableInput(PartitionKeys=[], Parameters={}))
    )
    content = as_dict(template)["Resources"]["View"]["Properties"]["TableInput"]
    assert content == {"PartitionKeys": [], "Parameters": {}}
    assert yaml.safe_load(render({"TableInput": content}, output)) == {"TableInput": content}


def test_committed_yaml_reads_back_as_what_was_built() -> None:
    class Loader(yaml.SafeLoader):
        pass

    def short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
        value: object
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        else:
            assert isinstance(node, yaml.SequenceNode)
            value = loader.construct_sequence(node, deep=True)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", short_form)
    for name, built in templates("trading").items():
        parsed = yaml.load((PROJECT / "templates" / "trading" / f"{name}.yaml").read_text(), Loader)
        assert parsed == json.loads(json.dumps(built)), name
