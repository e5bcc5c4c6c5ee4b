"""A session and its rules, without AWS.

The token is shown once, when the session is created. The table holds only its SHA-256. A plain hash is enough (no salt,
no slow hash), because the token has 256 random bits and cannot be guessed (OWASP Session Management Cheat Sheet).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common import schema
from common.errors import RequestError

MIN_TTL_SECONDS = 60
DEFAULT_TTL_SECONDS = 3600
MAX_TTL_SECONDS = 86_400
TTL_ATTRIBUTE = "expiresAt"  # the table's time-to-live attribute, epoch seconds
_ID_BYTES = 16
_TOKEN_BYTES = 32
_ID = re.compile(f"[0-9a-f]{{{2 * _ID_BYTES}}}")


@dataclass(frozen=True, slots=True)
class Session:
    """A stored session. Times are epoch seconds, UTC."""

    session_id: str
    token_sha256: str
    api_key_id: str
    client: str
    created_at: int
    expires_at: int

    def to_item(self) -> dict[str, Any]:
        """DynamoDB's wire form."""
        return {
            "sessionId": {"S": self.session_id},
            "tokenSha256": {"S": self.token_sha256},
            "apiKeyId": {"S": self.api_key_id},
            "client": {"S": self.client},
            "createdAt": {"N": str(self.created_at)},
            TTL_ATTRIBUTE: {"N": str(self.expires_at)},
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Session:
        """The session in a DynamoDB item."""
        return cls(
            item["sessionId"]["S"],
            item["tokenSha256"]["S"],
            item["apiKeyId"]["S"],
            item["client"]["S"],
            int(item["createdAt"]["N"]),
            int(item[TTL_ATTRIBUTE]["N"]),
        )

    def as_json(self) -> dict[str, object]:
        """The session as a client may see it, without the token's hash."""
        return {
            "sessionId": self.session_id,
            "client": self.client,
            "createdAt": schema.format_timestamp(self.created_at * schema.NANOS_PER_SECOND),
            "expiresAt": schema.format_timestamp(self.expires_at * schema.NANOS_PER_SECOND),
        }


def open_session(api_key_id: str, client: str, ttl_seconds: int, now_seconds: int) -> tuple[Session, str]:
    """A new session and its token."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session = Session(
        secrets.token_hex(_ID_BYTES), token_hash(token), api_key_id, client, now_seconds, now_seconds + ttl_seconds
    )
    return session, token


def is_session_id(text: str) -> bool:
    """Whether the text has the form of a session's id."""
    return _ID.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """SHA-256 of a token, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def requested_ttl(body: bytes) -> int:
    """``ttlSeconds`` of the request body, or the default of 3600 without it. Raises RequestError 400."""
    if not body.strip():
        return DEFAULT_TTL_SECONDS
    try:
        document = schema.loads(body)
    except ValueError:
        raise RequestError(400, "malformed_body", "The body is not JSON") from None
    if not isinstance(document, dict) or not document.keys() <= {"ttlSeconds"}:
        raise RequestError(400, "malformed_body", 'The body must be a JSON object with at most "ttlSeconds"')
    value = document.get("ttlSeconds", schema.JsonNumber(DEFAULT_TTL_SECONDS))
    is_whole = isinstance(value, schema.JsonNumber) and value.isdecimal() and len(value) <= len(str(MAX_TTL_SECONDS))
    if not is_whole or not MIN_TTL_SECONDS <= int(value) <= MAX_TTL_SECONDS:
        raise RequestError(
            400, "bad_ttl", f'"ttlSeconds" must be an integer from {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS}'
        )
    return int(value)


def authorize(session: Session | None, api_key_id: str, token: str, now_seconds: int) -> Session:
    """The session, if it is alive and belongs to this key and token. The token is compared in constant time.

    Args:
        session: The stored session; None if the id is unknown.
        api_key_id: The caller's API key.
        token: The caller's token.
        now_seconds: The current time in epoch seconds.

    Raises:
        RequestError: 404, if the session is unknown, expired (DynamoDB deletes late) or another client's; 403, if the
            token is wrong.
    """
    if session is None or session.expires_at <= now_seconds or session.api_key_id != api_key_id:
        raise RequestError(404, "unknown_session", "There is no such session, or it has expired")
    if not hmac.compare_digest(session.token_sha256, token_hash(token)):
        raise RequestError(403, "bad_session_token", "The Session-Token header does not match this session")
    return session
