"""CloudWatch Logs: vended deliveries. The emulator's service has them, its CloudFormation lacks them."""

from __future__ import annotations

from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.properties import Attributes, Props, changed, tag_list, truth
from local.ministack.records import records
from local.ministack.resource_types import NewType, Place


def _tags(props: Props) -> dict[str, Any]:
    pairs = {tag["Key"]: tag["Value"] for tag in tag_list(props)}
    return {"tags": pairs} if pairs else {}


# -- source -----------------------------------------------------------------------------------------------------------


def _put_source(place: Place, props: Props) -> tuple[str, Attributes]:
    source = aws("logs").put_delivery_source(
        name=props["Name"], resourceArn=props["ResourceArn"], logType=props["LogType"], **_tags(props)
    )["deliverySource"]
    return str(props["Name"]), {"Arn": source["arn"], "Service": source["service"]}


def _update_source(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_source(place, new)


def _delete_source(physical_id: str, props: Props) -> None:
    with ignoring("ResourceNotFoundException"):
        aws("logs").delete_delivery_source(name=physical_id)


# -- destination ------------------------------------------------------------------------------------------------------


def _put_destination(place: Place, props: Props) -> tuple[str, Attributes]:
    arguments: dict[str, Any] = {"outputFormat": props["OutputFormat"]} if "OutputFormat" in props else {}
    destination = aws("logs").put_delivery_destination(
        name=props["Name"],
        deliveryDestinationConfiguration={"destinationResourceArn": props["DestinationResourceArn"]},
        **arguments,
        **_tags(props),
    )["deliveryDestination"]
    return str(props["Name"]), {
        "Arn": destination["arn"],
        "DeliveryDestinationType": destination["deliveryDestinationType"],
    }


def _update_destination(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_destination(place, new)


def _delete_destination(physical_id: str, props: Props) -> None:
    with ignoring("ResourceNotFoundException"):
        aws("logs").delete_delivery_destination(name=physical_id)


# -- delivery ---------------------------------------------------------------------------------------------------------


def _create_delivery(place: Place, props: Props) -> tuple[str, Attributes]:
    arguments: dict[str, Any] = {}
    if "RecordFields" in props:
        arguments["recordFields"] = list(props["RecordFields"])
    if "FieldDelimiter" in props:
        arguments["fieldDelimiter"] = props["FieldDelimiter"]
    location: dict[str, Any] = {}
    if "S3SuffixPath" in props:
        location["suffixPath"] = props["S3SuffixPath"]
    if "S3EnableHiveCompatiblePath" in props:
        location["enableHiveCompatiblePath"] = truth(props["S3EnableHiveCompatiblePath"])
    if location:
        arguments["s3DeliveryConfiguration"] = location
    delivery = aws("logs").create_delivery(
        deliverySourceName=props["DeliverySourceName"],
        deliveryDestinationArn=props["DeliveryDestinationArn"],
        **arguments,
        **_tags(props),
    )["delivery"]
    if delivery.get("deliveryDestinationType") != "CWL":  # only log groups get lines (local.web.edge_logs)
        records.put("AWS::Logs::Delivery", delivery["id"], props)
    return str(delivery["id"]), _delivery_attributes(delivery)


def _update_delivery(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    """Change the tags in place; any other change needs a new delivery, as there is no UpdateDeliveryConfiguration.

    A source has one delivery to a destination, so the predecessor goes first.
    """
    if any(changed(old, new, name) for name in {*old, *new} - {"Tags"}):
        _delete_delivery(physical_id, old)
        return _create_delivery(place, new)
    delivery = aws("logs").get_delivery(id=physical_id)["delivery"]
    aws("logs").tag_resource(resourceArn=delivery["arn"], **(_tags(new) or {"tags": {}}))
    return physical_id, _delivery_attributes(delivery)


def _delivery_attributes(delivery: dict[str, Any]) -> Attributes:
    return {
        "Arn": delivery["arn"],
        "DeliveryId": delivery["id"],
        "DeliveryDestinationType": delivery.get("deliveryDestinationType", "S3"),
    }


def _delete_delivery(physical_id: str, props: Props) -> None:
    records.remove(physical_id)
    with ignoring("ResourceNotFoundException"):
        aws("logs").delete_delivery(id=physical_id)


NEW_TYPES = {
    "AWS::Logs::DeliverySource": NewType(_put_source, _delete_source, _update_source, tagged=True),
    "AWS::Logs::DeliveryDestination": NewType(_put_destination, _delete_destination, _update_destination, tagged=True),
    "AWS::Logs::Delivery": NewType(_create_delivery, _delete_delivery, _update_delivery, tagged=True),
}
