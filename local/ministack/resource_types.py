"""Resource types that the emulator's CloudFormation lacks, and types whose properties it drops.

``NewType`` is a type that it lacks; ``Supplement`` completes one that it has. Both call the emulator's own services
through their public API (``local.ministack.api``), so that the API shows what a template declares. Only what has no service
behind it is recorded (``local.ministack.records``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.ministack.internals import add_handler, emulator_module, handlers, replace_handler, require, wrap
from local.ministack.properties import Attributes, Props

_provisioners = emulator_module("services.cloudformation.provisioners")
_stack_engine = emulator_module("services.cloudformation.stacks")


@dataclass(frozen=True)
class Place:
    """The place of a resource.

    Attributes:
        stack_name: the stack that declares it.
        logical_id: its name in the template.
    """

    stack_name: str
    logical_id: str

    def name(self, limit: int, *, lowercase: bool = False) -> str:
        """Return the physical name that CloudFormation would draw, of at most ``limit`` characters."""
        return str(_provisioners._physical_name(self.stack_name, self.logical_id, max_len=limit, lowercase=lowercase))


Create = Callable[[Place, Props], tuple[str, Attributes]]
Update = Callable[[Place, str, Props, Props], tuple[str, Attributes]]
Delete = Callable[[str, Props], None]


@dataclass(frozen=True)
class NewType:
    """A resource type of our own.

    Attributes:
        create: (place, properties) → physical id and attributes.
        delete: (physical id, properties) → None.
        update: (place, physical id, old, new) → physical id and attributes; another id is a replacement, after which the
            engine deletes the predecessor. None if every change replaces.
        tagged: whether the stack's tags belong into the property Tags.
    """

    create: Create
    delete: Delete
    update: Update | None = None
    tagged: bool = False


@dataclass(frozen=True)
class Supplement:
    """What completes a handler of the emulator.

    Attributes:
        apply: (physical id, old, new) → more attributes. Runs after the handler and sets what the handler drops; on
            creation ``old`` is {}.
        delete: replaces the emulator's deletion if that does less than the service's.
    """

    apply: Callable[[str, Props, Props], Attributes | None] | None = None
    delete: Delete | None = None


def install(
    new_types: Mapping[str, NewType], replaced_types: Mapping[str, NewType], supplements: Mapping[str, Supplement]
) -> None:
    """Register types that the emulator lacks, types whose handler it has in name only, and supplements.

    Raises:
        EmulatorMismatchError: The emulator's own table of types is not as expected.
    """
    for resource_type, new_type in replaced_types.items():
        replace_handler(resource_type, _handler_of(new_type))
    for resource_type, new_type in new_types.items():
        add_handler(resource_type, _handler_of(new_type))
        if new_type.tagged:
            require(_provisioners, "_STACK_TAG_PROPERTY")
            _provisioners._STACK_TAG_PROPERTY.setdefault(resource_type, ("Tags", "list"))
    for resource_type, supplement in supplements.items():
        replace_handler(resource_type, _completed(resource_type, supplement))
    on_worker_threads([*new_types, *replaced_types, *supplements])


def on_worker_threads(resource_types: Iterable[str]) -> None:
    """Make the engine run the handlers of these types on a worker thread, where they may call the emulator."""
    ours = frozenset(resource_types)

    def wrapper(original: Callable[[str], bool]) -> Callable[[str], bool]:
        return lambda resource_type: resource_type in ours or original(resource_type)

    wrap(_stack_engine, "_runs_on_worker_thread", wrapper)


def _handler_of(new_type: NewType) -> dict[str, Any]:
    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Attributes]:
        return new_type.create(Place(stack_name, logical_id), props)

    def update(
        physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Attributes]:
        place = Place(stack_name, logical_id or physical_id)
        if new_type.update is None:
            return new_type.create(place, new)
        return new_type.update(place, physical_id, old, new)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": new_type.delete}


def _completed(resource_type: str, supplement: Supplement) -> dict[str, Any]:
    original = handlers()[resource_type]
    changed: dict[str, Any] = {}
    if supplement.delete is not None:
        changed["delete"] = supplement.delete
    apply = supplement.apply
    if apply is None:
        return changed

    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Attributes]:
        physical_id, attributes = original["create"](logical_id, props, stack_name)
        try:
            return physical_id, {**attributes, **(apply(physical_id, {}, props) or {})}
        except Exception:
            # The engine does not know the resource yet, so its rollback would leave it.
            (supplement.delete or original["delete"])(physical_id, props)
            raise

    def update(
        physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Attributes]:
        arguments = (logical_id,) if original.get("update_with_logical_id") else ()
        new_id, attributes = original["update"](physical_id, old, new, stack_name, *arguments)
        return new_id, {**attributes, **(apply(new_id, old if new_id == physical_id else {}, new) or {})}

    return {**changed, "create": create, "update": update, "update_with_logical_id": True}
