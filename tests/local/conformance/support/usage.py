"""What the platforms and the deployer use of AWS: resource types of the templates, API calls of the code."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session

from cfn.templates import parse

PROJECT = Path(__file__).resolve().parents[4]
TEMPLATES = ("templates", "deploy/planning/bootstrap.yaml")
CODE = ("deploy", "lambda_src", "web_src", "local/demos", "local/clients")

_botocore: Any = botocore  # it has no annotations

BEYOND_OPERATIONS = {"generate_db_auth_token": "rds"}
"""What a client does without an operation of the service."""


@functools.cache
def used_types() -> set[str]:
    """The resource types of all templates, those of custom resources too."""
    types: set[str] = set()
    for root in TEMPLATES:
        path = PROJECT / root
        for file in [path] if path.is_file() else sorted(path.rglob("*.yaml")):
            resources = parse(file.read_text(encoding="utf-8"), str(file))["Resources"]
            types |= {resource["Type"] for resource in resources.values()}
    return types


@functools.cache
def used_calls() -> dict[str, set[str]]:
    """The calls of the code: method → ``service.method`` for each service that the code has a client of.

    A method is an operation of such a service, is called or handed on, or is the name of a paginator. The receiver's service
    is not known, so a method that two services have counts for either.
    """
    trees = [ast.parse(file.read_text(encoding="utf-8")) for root in CODE for file in (PROJECT / root).rglob("*.py")]
    services = {name for tree in trees for name in _texts(tree, "client")}
    operations = _operations(services)
    methods = {method for tree in trees for method in _methods(tree)} & set(operations)
    return {method: operations[method] for method in methods}


def _operations(services: set[str]) -> dict[str, set[str]]:
    session = _botocore.session.get_session()
    known = {method: {f"{service}.{method}"} for method, service in BEYOND_OPERATIONS.items()}
    for service in sorted(services & set(session.get_available_services())):
        for operation in session.get_service_model(service).operation_names:
            method = str(_botocore.xform_name(operation))
            known.setdefault(method, set()).add(f"{service}.{method}")
    return known


def _methods(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for part in (node.func, *node.args):
                if isinstance(part, ast.Attribute):
                    yield part.attr
    yield from _texts(tree, "get_paginator")
    yield from _texts(tree, "get_waiter")


def _texts(tree: ast.AST, function: str) -> Iterator[str]:
    """The first arguments of calls of a function or method, where they are text."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == function and isinstance(node.args[0].value, str):
            yield node.args[0].value
