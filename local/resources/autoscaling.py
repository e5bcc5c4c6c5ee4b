"""Auto Scaling groups whose instances run (``local.web.fleet``), with CreationPolicy and rolling updates.

The emulator's CloudFormation only records a group. Without effect here: scaling policies and scheduled actions (they
exist, and Describe shows them), lifecycle hooks, warm pools, metrics collection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.ministack.internals import emulator_module, handlers, replace_handler, require, wrap, wrap_action
from local.ministack.properties import Attributes, Props, truth
from local.ministack.resource_types import on_worker_threads
from local.web.fleet import Fleet
from local.web.instances import Instance
from local.web.launch_template import LaunchTemplate
from local.web.scaling_activities import USER_REQUEST
from local.web.signals import Signals, listening, seconds_of

_TYPE = "AWS::AutoScaling::AutoScalingGroup"

_asg = emulator_module("services.autoscaling")
_cloudformation = emulator_module("services.cloudformation")
_engine = emulator_module("services.cloudformation.engine")
_provisioners = emulator_module("services.cloudformation.provisioners")
_stack_engine = emulator_module("services.cloudformation.stacks")

_SIZES = ("MinSize", "MaxSize", "DesiredCapacity")


@dataclass(frozen=True)
class Policies:
    """The group's CreationPolicy and UpdatePolicy, intrinsic functions resolved.

    Attributes:
        creation: the CreationPolicy.
        update: the UpdatePolicy.
    """

    creation: Props
    update: Props

    @property
    def rolling(self) -> Props | None:
        """The policy of rolling updates; None without a policy."""
        rolling: Props | None = self.update.get("AutoScalingRollingUpdate")
        return rolling

    @property
    def keeps_sizes(self) -> bool:
        """Whether sizes that the template does not change stay as scaling has set them."""
        scheduled = self.update.get("AutoScalingScheduledAction") or {}
        return truth(scheduled.get("IgnoreUnmodifiedGroupSizeProperties", False))


@dataclass(frozen=True)
class Operation:
    """One stack operation on one group.

    Attributes:
        fleet: runs the instances.
        stack_name: the stack.
        logical_id: the group's name in the template.
    """

    fleet: Fleet
    stack_name: str
    logical_id: str

    @property
    def stack_id(self) -> str:
        """The stack's ARN."""
        return str(_provisioners._cr_stack_id(self.stack_name))

    @property
    def rolls_back(self) -> bool:
        """Whether the stack rolls back."""
        return "ROLLBACK" in str((_cloudformation._stacks.get(self.stack_name) or {}).get("StackStatus"))

    def policies(self) -> Policies:
        """Return the group's policies. Raises ValueError for a kind of update that the embedded AWS lacks."""
        definition = _provisioners._cfn_wait_condition_definition(self.stack_name, self.logical_id)
        stack = _cloudformation._stacks.get(self.stack_name) or {}
        template = stack.get("_template") or {}
        resolved = _engine._resolve_refs(
            {name: definition.get(name) or {} for name in ("CreationPolicy", "UpdatePolicy")},
            stack.get("_resources") or {},
            stack.get("_resolved_params") or {},
            stack.get("_conditions") or {},
            template.get("Mappings") or {},
            self.stack_name,
            self.stack_id,
        )
        if truth((resolved["UpdatePolicy"].get("AutoScalingReplacingUpdate") or {}).get("WillReplace", False)):
            raise ValueError("AutoScalingReplacingUpdate: the embedded AWS has rolling updates only")
        return Policies(resolved["CreationPolicy"], resolved["UpdatePolicy"])

    # -- create -------------------------------------------------------------------------------------------------------

    def fill(self, group: dict[str, Any]) -> None:
        """Launch the first instances and wait for the CreationPolicy's signals. Raises ValueError if they do not come."""
        signal = self.policies().creation.get("ResourceSignal")
        share = self.policies().creation.get("AutoScalingCreationPolicy") or {}
        launch_template = self.fleet.launch_template_of(group)
        with self._listening() as signals:
            started = [self.fleet.launch(group, launch_template) for _ in range(self.fleet.desired(group))]
            if signal is not None and started:
                # No more than run here, even if the policy counts more.
                count = min(int(signal.get("Count", 1)), len(started))
                percent = int(share.get("MinSuccessfulInstancesPercent", 100)) * count // len(started)
                self._wait(signals, started, percent, seconds_of(signal.get("Timeout", "PT5M")))

    # -- update -------------------------------------------------------------------------------------------------------

    def roll(self, group: dict[str, Any], rolling: Props) -> None:
        """Replace the instances of another launch template version, a batch at a time: first launch, then terminate.

        Raises:
            ValueError: A batch did not signal success. Its instances are terminated by then, and the rollback replaces
                those of earlier batches.
        """
        # A rollback meets the rejected policy once more, because the emulator keeps the new template until its end.
        if int(rolling.get("MinInstancesInService", 0)) >= int(group["MaxSize"]) and not self.rolls_back:
            raise ValueError("MinInstancesInService must be less than the autoscaling group's MaxSize")
        launch_template = self.fleet.launch_template_of(group)
        batch = max(1, int(rolling.get("MaxBatchSize", 1)))
        percent = int(rolling.get("MinSuccessfulInstancesPercent", 100))
        waits, pause = truth(rolling.get("WaitOnResourceSignals", False)), rolling.get("PauseTime", "PT5M")
        while replaced := self._outdated(group, launch_template)[:batch]:
            with self._listening() as signals:
                successors = [self.fleet.launch(group, launch_template) for _ in replaced]
                if waits:
                    try:
                        self._wait(signals, successors, percent, seconds_of(pause))
                    except ValueError:
                        for instance in successors:
                            self.fleet.terminate(group, instance, USER_REQUEST)
                        raise
            for instance in successors:
                self.fleet.wait_in_service(group, instance, 10)
            for instance in replaced:
                self.fleet.terminate(group, instance, USER_REQUEST)

    def _outdated(self, group: dict[str, Any], launch_template: LaunchTemplate) -> list[Instance]:
        members = self.fleet.members(group["AutoScalingGroupName"])
        return [instance for instance in members if instance.launch_template.version != launch_template.version]

    def _listening(self) -> Any:
        return listening(self.stack_id, self.stack_name, self.logical_id, _TYPE)

    def _wait(self, signals: Signals, instances: list[Instance], percent: int, seconds: float) -> None:
        """Wait for the signals of instances. In a rollback the emulator accepts none; then their own state counts."""
        expected = {instance.identifier for instance in instances}

        def settled() -> bool:
            return self.rolls_back and all(instance.healthy or instance.failed for instance in instances)

        try:
            signals.wait(expected, percent, seconds, settled)
        except ValueError:
            if not (self.rolls_back and all(instance.healthy for instance in instances)):
                raise


def install(fleet: Fleet) -> None:
    """Replace the handlers of the type."""
    require(_provisioners, "_cr_stack_id", "_cfn_wait_condition_definition")
    require(_asg, "_asgs", "_member_xml")
    groups = GroupHandlers(fleet, dict(handlers()[_TYPE]))
    replace_handler(_TYPE, {"create": groups.create, "update": groups.update, "delete": groups.delete})
    on_worker_threads([_TYPE])
    # A failed rolling update has replaced some instances: the engine must roll it back, as it does for custom resources.
    wrap(_stack_engine, "_sends_back_failed_update", lambda own: lambda kind: kind == _TYPE or own(kind))
    wrap_action(_asg, "DescribeAutoScalingGroups", lambda original: _described(fleet, original))
    wrap_action(_asg, "DescribeAutoScalingInstances", lambda original: _shown(fleet, original))


@dataclass(frozen=True)
class GroupHandlers:
    """The handlers of groups.

    Attributes:
        fleet: runs the instances.
        own: the emulator's handlers, which keep the group's record.
    """

    fleet: Fleet
    own: dict[str, Any]

    def create(self, logical_id: str, props: Props, stack_name: str) -> tuple[str, Attributes]:
        """Create a group and its first instances."""
        name, attributes = self.own["create"](logical_id, props, stack_name)
        group = _completed(name, props)
        with self.fleet.locked(name):
            try:
                Operation(self.fleet, stack_name, logical_id).fill(group)
            except Exception:
                # The engine does not know the group yet, so its rollback would leave it.
                self.fleet.terminate_all(group)
                self.own["delete"](name, props)
                raise
        return name, attributes

    def update(
        self, physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Attributes]:
        """Update a group, and replace its instances as its policy says."""
        operation = Operation(self.fleet, stack_name, logical_id or physical_id)
        with self.fleet.locked(physical_id):
            before = {size: _asg._asgs[physical_id][size] for size in _SIZES} if physical_id in _asg._asgs else {}
            name, attributes = self.own["update"](physical_id, old, new, stack_name, logical_id)
            group = _completed(name, new)
            if name != physical_id:
                operation.fill(group)
                return name, attributes
            policies = operation.policies()
            if policies.keeps_sizes and all(old.get(size) == new.get(size) for size in _SIZES):
                group.update(before)
            if policies.rolling is not None:
                operation.roll(group, policies.rolling)
        return name, attributes

    def delete(self, physical_id: str, props: Props) -> None:
        """Terminate the instances of a group and delete it."""
        group = _asg._asgs.get(physical_id)
        if group is not None:
            self.fleet.terminate_all(group)
        self.own["delete"](physical_id, props)


def _completed(name: str, props: Props) -> dict[str, Any]:
    """Return the group's record with the properties that the emulator drops."""
    group: dict[str, Any] = _asg._asgs[name]
    group["TargetGroupARNs"] = list(props.get("TargetGroupARNs") or [])
    group["ServiceLinkedRoleARN"] = str(props.get("ServiceLinkedRoleARN", ""))
    # The emulator has the console's 300; the API's default is 0 (API_CreateAutoScalingGroup).
    group["HealthCheckGracePeriod"] = int(props.get("HealthCheckGracePeriod", 0))
    return group


def _shown(fleet: Fleet, original: Any) -> Any:
    """Answer DescribeAutoScalingInstances with the current instances."""

    def describe(parameters: Any) -> Any:
        for group in _running_groups():
            fleet.show(group)
        return original(parameters)

    return describe


def _described(fleet: Fleet, original: Any) -> Any:
    """Add what the emulator's DescribeAutoScalingGroups lacks, and show the current instances."""

    def describe(parameters: Any) -> Any:
        groups = _running_groups()
        for group in groups:
            fleet.show(group)
        status, headers, body = original(parameters)
        text = body.decode() if isinstance(body, bytes) else str(body)
        for group in groups:
            own = f"<AutoScalingGroupARN>{group['AutoScalingGroupARN']}</AutoScalingGroupARN>"
            text = text.replace(own, f"{own}{_more(group)}")
        return status, headers, text.encode()

    return describe


def _running_groups() -> list[dict[str, Any]]:
    """Return the groups of stacks, whose instances run."""
    return [group for group in list(_asg._asgs.values()) if "TargetGroupARNs" in group]


def _more(group: dict[str, Any]) -> str:
    """Return a group's target groups, service-linked role and suspended processes."""
    members = {
        "TargetGroupARNs": group["TargetGroupARNs"],
        "ServiceLinkedRoleARN": group.get("ServiceLinkedRoleARN", ""),
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": reason}
            for name, reason in group.get("SuspendedProcesses", {}).items()
        ],
    }
    return str(_asg._member_xml(members))
