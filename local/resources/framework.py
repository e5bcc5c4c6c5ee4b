"""How resource types are added to the emulator and completed.

`NewType` is a type that the emulator's CloudFormation lacks; `Supplement` completes one that it has but whose
properties it drops. Both speak to the emulator's own services through their public API (boto3 on loopback), so that
what a template declares is what the API shows; only what has no service behind it is recorded
(`local.resources.records`).
Calls back into the emulator need a worker thread: the engine runs handlers on its event loop otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.config
from botocore.exceptions import ClientError

from local.patches.internals import add_handler, emulator_module, handlers, replace_handler, require, wrap

Props = dict[str, Any]
Attributes = dict[str, str]

_core = emulator_module("core.responses")
_provisioners = emulator_module("services.cloudformation.provisioners")
_stack_engine = emulator_module("services.cloudformation.stacks")

_new_session: Any = vars(boto3)["Session"]  # untyped, like all of boto3
_new_config: Any = botocore.config.Config


class Api:
    """boto3 clients of this emulator, as the account's root; one per service and region, made when first used."""

    def __init__(self) -> None:
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()  # making clients is not thread-safe in botocore

    def __call__(self, service: str) -> Any:
        """The client of `service` in the region of the stack that is being deployed."""
        key = (service, str(_core.get_region()))
        with self._lock:
            if key not in self._clients:
                if self._session is None:
                    self._session = _new_session()  # endpoint, CA and root credentials are in the environment
                config = _new_config(
                    retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=True
                )
                self._clients[key] = self._session.client(service, region_name=key[1], config=config)
            return self._clients[key]


aws = Api()


@dataclass(frozen=True)
class Place:
    """Where in which stack a resource is declared."""

    stack_name: str
    logical_id: str

    def name(self, limit: int, *, lowercase: bool = False) -> str:
        """The physical name that CloudFormation would draw, of at most `limit` characters."""
        return str(_provisioners._physical_name(self.stack_name, self.logical_id, max_len=limit, lowercase=lowercase))


Create = Callable[[Place, Props], tuple[str, Attributes]]
Update = Callable[[Place, str, Props, Props], tuple[str, Attributes]]
Delete = Callable[[str, Props], None]


@dataclass(frozen=True)
class NewType:
    """A resource type of our own. Without `update` every change replaces: the engine deletes the predecessor."""

    create: Create
    delete: Delete
    update: Update | None = None
    tagged: bool = False


@dataclass(frozen=True)
class Supplement:
    """What is done after the emulator's own handler: `apply(physical_id, old, new)` sets what it dropped.

    `apply` gets {} as `old` on creation; the attributes that it returns are added to those of the handler.
    `delete` stands in for the emulator's deletion where that does less than the service's.
    """

    apply: Callable[[str, Props, Props], Attributes | None] | None = None
    delete: Delete | None = None


def install(new_types: Mapping[str, NewType], supplements: Mapping[str, Supplement]) -> None:
    """Register all of them. Raises EmulatorMismatchError where the emulator's own table is not as expected."""
    for resource_type, new_type in new_types.items():
        add_handler(resource_type, _handler_of(new_type))
        if new_type.tagged:
            require(_provisioners, "_STACK_TAG_PROPERTY")
            _provisioners._STACK_TAG_PROPERTY.setdefault(resource_type, ("Tags", "list"))
    for resource_type, supplement in supplements.items():
        replace_handler(resource_type, _completed(resource_type, supplement))
    on_worker_threads([*new_types, *supplements])


def on_worker_threads(resource_types: Iterable[str]) -> None:
    """Make the engine run the handlers of these types on a worker thread."""
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


def changed(old: Props, new: Props, name: str) -> bool:
    """Whether property `name` differs between the old and the new properties."""
    return bool(old.get(name) != new.get(name))


def truth(value: object) -> bool:
    """A template's boolean, which may arrive as text."""
    return str(value).lower() == "true"


def tag_list(props: Props) -> list[dict[str, str]]:
    """The Tags property with text values, without the `aws:` tags that only CloudFormation itself may set."""
    return [
        {"Key": str(tag["Key"]), "Value": str(tag["Value"])}
        for tag in props.get("Tags") or []
        if not str(tag["Key"]).startswith("aws:")
    ]


def lower_first(value: Any) -> Any:
    """CloudFormation's PascalCase keys as the camelCase that some APIs speak, recursively."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_first(item) for key, item in value.items()}
    if isinstance(value, list):
        return [lower_first(item) for item in value]
    return value


def ignoring(*codes: str) -> _Ignoring:
    """A context that swallows these error codes of the API: what a deletion wants gone is gone."""
    return _Ignoring(frozenset(codes))


class _Ignoring:
    def __init__(self, codes: frozenset[str]) -> None:
        self._codes = codes

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ClientError) and error.response["Error"]["Code"] in self._codes
