"""Templates as text."""

from __future__ import annotations

import json

import yaml

from tests.builders.support.paths import PROJECT
from tests.builders.support.resources import templates


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
