"""The HTTP side: three routes with JSON in and out, and one log line for each request."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, abort, g, jsonify, request
from pymysql import MySQLError
from werkzeug.exceptions import HTTPException

from . import logs
from .database import code_of
from .errors import DatabaseBusyError, DatabaseUnavailableError, RequestError
from .health import Health
from .model import MAX_BODY_BYTES, Payment, checked_key, parse
from .store import Store

log = logging.getLogger("payments")

# Code and message for the errors that Flask raises on its own.
_FLASK_ERRORS = {
    400: ("bad_request", "The request is not valid HTTP for this service."),
    404: ("not_found", "No route has this path. Use POST /transactions or GET /transactions/{id}."),
    405: ("method_not_allowed", "This path does not allow this method. The header Allow names those that it allows."),
    413: ("too_large", f"The body may have at most {MAX_BODY_BYTES} bytes."),
}


def create_app(store: Store, health: Health) -> Flask:
    """Build the WSGI application over a store and a health check."""
    app = Flask("payments", static_folder=None)
    # One more than allowed, because Werkzeug rejects a chunked body that is exactly as long as its limit.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # otherwise Werkzeug redirects // with a page of HTML that leads to http://
    _add_routes(app, store, health)
    _add_errors(app)
    app.before_request(_start)
    app.after_request(_finish)
    return app


def _add_routes(app: Flask, store: Store, health: Health) -> None:
    @app.post("/transactions")
    def post_transaction() -> Response:
        """Answer 201 with a new payment, or 200 and Idempotent-Replayed with the payment that the key already has."""
        key = checked_key(request.headers.get("Idempotency-Key"))
        stored = store.post(key, parse(_body()))
        answer = _answer(stored.payment, 200 if stored.is_replay else 201)
        answer.headers["Location"] = f"/transactions/{stored.payment.id}"
        answer.headers["Idempotent-Replayed"] = "true" if stored.is_replay else "false"
        return answer

    @app.get("/transactions/<transaction_id>")
    def get_transaction(transaction_id: str) -> Response:
        """Answer 200 with the payment, or 404."""
        payment = store.get(transaction_id)
        if payment is None:
            raise RequestError(404, "transaction_not_found", "No transaction has this id. Check the id.")
        return _answer(payment, 200)

    @app.get("/health")
    def get_health() -> Response:
        """Answer 200 if the database answers within two seconds, otherwise 503."""
        fault = health.fault()
        if fault:
            log.error("unhealthy", extra=logs.fields(reason=fault))
        answer = jsonify(status="unavailable" if fault else "ok")
        answer.status_code = 503 if fault else 200
        return answer


def _add_errors(app: Flask) -> None:
    @app.errorhandler(RequestError)
    def rejected(error: RequestError) -> Response:
        return _error(error.status, error.code, error.message, error.headers)

    @app.errorhandler(DatabaseBusyError)
    def busy(error: DatabaseBusyError) -> Response:
        log.warning("busy", extra=logs.fields(request_id=g.request_id, reason=error.reason))
        message = "A request with this Idempotency-Key is in progress. Wait a second, then repeat it with the same key."
        return _error(409, "in_progress", message, {"Retry-After": "1"})

    @app.errorhandler(DatabaseUnavailableError)
    def unavailable(error: DatabaseUnavailableError) -> Response:
        log.error("database unavailable", extra=logs.fields(request_id=g.request_id, reason=error.reason))
        message = "The service cannot reach its database. Repeat the request with the same Idempotency-Key."
        return _error(503, "unavailable", message, {"Retry-After": "5"})

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        code, message = _FLASK_ERRORS.get(status, ("http_error", "The request cannot be answered."))
        answer = _error(status, code, message)
        if allowed := error.get_response().headers.get("Allow"):
            answer.headers["Allow"] = allowed
        return answer

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        number = {"error_number": code_of(error)} if isinstance(error, MySQLError) else {}
        log.error("unexpected error", exc_info=error, extra=logs.fields(request_id=g.request_id, **number))
        message = (
            "The service failed. Repeat the request with the same Idempotency-Key. If that fails too, give the request id"
            " to support."
        )
        return _error(500, "internal", message)


def _body() -> bytes:
    """The request's body.

    Raises:
        RequestError: 415 for another media type or a compressed body, 413 for a body beyond the limit.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset != "utf-8":
        raise RequestError(415, "media_type", "Send the header Content-Type: application/json, and the body in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError(415, "content_encoding", "Send the body as it is, without Content-Encoding.")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        abort(413)
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY_BYTES:
        abort(413)
    return body


def _answer(payment: Payment, status: int) -> Response:
    answer = jsonify(payment.to_json())
    answer.status_code = status
    return answer


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    answer = jsonify(error={"code": code, "message": message})
    answer.status_code = status
    answer.headers.update(headers or {})
    return answer


def _start() -> None:
    g.started_at = time.monotonic()
    g.request_id = logs.request_id(request.headers.get("X-Amzn-Trace-Id"))


def _finish(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Request-Id"] = g.request_id
    # The rule and not the path, because a path can hold anything.
    route = request.url_rule.rule if request.url_rule else "(none)"
    milliseconds = round((time.monotonic() - g.started_at) * 1000, 1)
    fields = logs.fields(
        request_id=g.request_id,
        method=request.method if request.method in _METHODS else "(other)",
        route=route,
        status=answer.status_code,
        milliseconds=milliseconds,
    )
    # Each node of the load balancer asks for health every few seconds. The reason of a 5xx has its own line, at ERROR.
    is_quiet = route == "/health" and answer.status_code == 200
    log.log(logging.DEBUG if is_quiet else logging.INFO, "request", extra=fields)
    return answer


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
