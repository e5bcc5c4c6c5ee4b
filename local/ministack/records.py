"""Resources that exist only as a record: the emulator has no such service, or the service no such setting.

A record makes the stack deployable and the declaration visible (``EmbeddedCloud.recorded``), and promises nothing else.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from local.host.files import replace_text
from local.ministack.properties import Attributes, Props
from local.ministack.resource_types import NewType, Place


class Records:
    """Records by physical id; a file holds them if the state is kept."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._file: Path | None = None

    def keep_in(self, file: Path) -> None:
        """Load what an earlier run wrote to ``file`` and write every change to it."""
        with self._lock:
            self._file = file
            if file.exists():
                self._entries = json.loads(file.read_text())

    def put(self, resource_type: str, physical_id: str, props: Props) -> None:
        """Add or replace a record."""
        with self._lock:
            self._entries[physical_id] = {"Type": resource_type, "PhysicalId": physical_id, "Properties": props}
            self._save()

    def remove(self, physical_id: str) -> None:
        """Remove a record, if it exists."""
        with self._lock:
            self._entries.pop(physical_id, None)
            self._save()

    def get(self, physical_id: str) -> dict[str, Any] | None:
        """Return a record: Type, PhysicalId, Properties; None if it does not exist."""
        return self._entries.get(physical_id)

    def all(self) -> list[dict[str, Any]]:
        """Return all records, sorted by physical id."""
        with self._lock:
            return [self._entries[key] for key in sorted(self._entries)]

    def _save(self) -> None:
        if self._file is not None:
            replace_text(self._file, json.dumps(self._entries, default=str, indent=1))


records = Records()


def recorded_type(
    resource_type: str, physical_id: Any, attributes: Any = None, *, replaced_by: tuple[str, ...] = ()
) -> NewType:
    """Return a type that is only recorded.

    Args:
        resource_type: its name.
        physical_id: (place, properties) → the physical id.
        attributes: (physical id, properties) → the attributes; None for none.
        replaced_by: properties whose change replaces the resource.
    """

    def create(place: Place, props: Props) -> tuple[str, Attributes]:
        new_id = str(physical_id(place, props))
        records.put(resource_type, new_id, props)
        return new_id, attributes(new_id, props) if attributes else {}

    def update(place: Place, existing: str, old: Props, new: Props) -> tuple[str, Attributes]:
        if any(old.get(name) != new.get(name) for name in replaced_by):
            return create(place, new)
        records.put(resource_type, existing, new)
        return existing, attributes(existing, new) if attributes else {}

    def delete(existing: str, props: Props) -> None:
        records.remove(existing)

    return NewType(create, delete, update, tagged=False)
