"""``POST /v1/sessions``, ``GET`` and ``DELETE /v1/sessions/{id}``.

An API key with the ``sessions`` scope opens a session. The answer has the token this once. Reading or ending the session
requires that token in the ``Session-Token`` header and the same API key.
"""

from __future__ import annotations

import time
from typing import Any

from common import entitlements, rest, settings
from common.clients import client, error_code
from common.errors import RequestError
from common.observe import count, observed

from .model import Session, authorize, is_session_id, open_session, requested_ttl

TOKEN_HEADER = "Session-Token"


@observed
def handler(event: dict[str, Any], context: Any) -> rest.Response:
    """Entry point of the Lambda function."""
    return rest.guarded(route, event)


def route(event: dict[str, Any]) -> rest.Response:
    """Serve one request. Raises RequestError."""
    entitlement = entitlements.from_environment().require(rest.api_key_id(event), "sessions")
    method = event.get("httpMethod")
    session_id = rest.path_parameter(event, "id")
    if method == "POST" and not session_id:
        return _create(event, entitlement)
    if method == "GET" and session_id:
        return rest.answer(200, _owned(event, entitlement, session_id).as_json())
    if method == "DELETE" and session_id:
        return _delete(_owned(event, entitlement, session_id))
    raise RequestError(405, "method_not_allowed", "This path takes POST, or GET and DELETE with an id")


def _create(event: dict[str, Any], entitlement: entitlements.Entitlement) -> rest.Response:
    ttl_seconds = requested_ttl(rest.body_bytes(event))
    session, token = open_session(entitlement.api_key_id, entitlement.client, ttl_seconds, int(time.time()))
    try:
        client("dynamodb").put_item(
            TableName=_table(), Item=session.to_item(), ConditionExpression="attribute_not_exists(sessionId)"
        )
    except Exception as error:
        # The SDK retries a call whose answer was lost. The retry then finds the item that the first call stored.
        if error_code(error) != "ConditionalCheckFailedException" or _stored(session.session_id) != session:
            raise
    count("SessionsOpened")
    location = {"Location": f"/v1/sessions/{session.session_id}"}
    return rest.answer(201, {**session.as_json(), "token": token}, location)


def _owned(event: dict[str, Any], entitlement: entitlements.Entitlement, session_id: str) -> Session:
    # Only a possible id is looked up, because DynamoDB rejects keys that are too long or not valid text.
    session = _stored(session_id) if is_session_id(session_id) else None
    return authorize(session, entitlement.api_key_id, rest.header(event, TOKEN_HEADER), int(time.time()))


def _stored(session_id: str) -> Session | None:
    reply = client("dynamodb").get_item(TableName=_table(), Key={"sessionId": {"S": session_id}}, ConsistentRead=True)
    return Session.from_item(reply["Item"]) if "Item" in reply else None


def _delete(session: Session) -> rest.Response:
    client("dynamodb").delete_item(TableName=_table(), Key={"sessionId": {"S": session.session_id}})
    count("SessionsClosed")
    return rest.answer(204, None)


def _table() -> str:
    return settings.required("SESSIONS_TABLE")
