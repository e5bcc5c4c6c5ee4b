"""What exists in the emulator now and did not when it started: a complete destroy leaves nothing.

This module reads the emulator's stores instead of its APIs, to find also what no API lists. It skips stores whose
entries are not resources, each for a reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.host.files import replace_text
from local.ministack.internals import emulator_module

_core = emulator_module("core.responses")

_NOT_RESOURCES = {
    "cloudformation._stack_events": "events of deleted stacks stay readable for 90 days",
    "cloudformation._change_sets": "are deleted with their stack",
    "cloudwatch._alarm_history": "the history of deleted alarms stays readable for 30 days",
    "cloudwatch._metrics": "metrics cannot be deleted, they expire",
    "sts._sessions": "temporary credentials expire by themselves",
    "iam._service_linked_role_deletion_tasks": "the account's history of such deletions",
    "iam._aws_managed_attachment_counts": "a counter of AWS's own policies",
    "athena._data_catalogs": "AwsDataCatalog, which every account has, is created at the first request",
    "athena._executions": "the history of queries expires after 45 days",
}

_IS_DELETED: dict[str, Callable[[Any], bool]] = {
    # The API lists these for a while after their end, as on AWS.
    "cloudformation._stacks": lambda stack: stack["StackStatus"] == "DELETE_COMPLETE",
    "ec2._instances": lambda instance: instance["State"]["Name"] == "terminated",
    "ec2._nat_gateways": lambda gateway: gateway["State"] == "deleted",
    "kms._keys": lambda key: key["KeyState"] == "PendingDeletion",
    "secretsmanager._secrets": lambda secret: bool(secret.get("DeletedDate")),
    # Every account's own workgroup, created at the first request.
    "athena._workgroups": lambda workgroup: workgroup["Name"] == "primary",
    # The account's settings cannot be deleted, only emptied.
    "apigateway_v1._account_settings": lambda settings: not settings.get("cloudwatchRoleArn"),
}
"""By store, whether an entry counts as deleted."""

_EMPTY: tuple[Any, ...] = ({}, [], None)  # a store of stores keeps an empty store for a deleted owner


class Leftovers:
    """Compares the stores with those of the first start.

    Args:
        file: remembers the entries of the first start if the state is kept; None if it is not.
    """

    def __init__(self, file: Path | None) -> None:
        if file is not None and file.exists():
            self._before = {store: set(keys) for store, keys in json.loads(file.read_text()).items()}
            return
        self._before = {store: set(values) for store, values in _entries().items()}
        if file is not None:
            replace_text(file, json.dumps({store: sorted(keys) for store, keys in self._before.items() if keys}))

    def list(self) -> dict[str, list[str]]:
        """Return the new entries, by "service.store"."""
        leftovers: dict[str, list[str]] = {}
        for store, values in sorted(_entries().items()):
            if store in _NOT_RESOURCES:
                continue
            is_deleted = _IS_DELETED.get(store, lambda value: False)
            before = self._before.get(store, set())
            new = sorted(
                key
                for key, value in values.items()
                if key not in before and value not in _EMPTY and not is_deleted(value)
            )
            if new:
                leftovers[store] = new
        return leftovers


def _entries() -> dict[str, dict[str, Any]]:
    """Return every store's entries by their own key, without account and region."""
    scoped = (_core.AccountRegionScopedDict, _core.AccountScopedDict)
    entries: dict[str, dict[str, Any]] = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith("ministack.services."):
            continue
        service = name.removeprefix("ministack.services.")
        for attribute, value in list(vars(module).items()):
            if isinstance(value, scoped):
                own = {str(key[-1]): item for key, item in list(value._data.items())}
                entries[f"{service}.{attribute}"] = own
    return entries
