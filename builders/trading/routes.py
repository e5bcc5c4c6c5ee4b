"""The API's routes: one table for methods, permissions, the published OpenAPI document and tests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from builders.contract.names import pascal


@dataclass(frozen=True)
class Route:
    """One method of the API.

    Attributes:
        method: HTTP method.
        path: the path under the stage, with ``{parameters}``.
        function: the function that handles it.
        open: whether it needs neither signature nor key; True for health only.
        body: whether API Gateway validates a JSON body against the batch model.
        query: names of query parameters that reach the function; all are optional.
    """

    method: str
    path: str
    function: str
    open: bool = False
    body: bool = False
    query: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The method's logical id: ``GET /v1/bars/{symbol}`` → ``GetV1BarsSymbol``."""
        return pascal("_".join([self.method, *path_words(self.path)]))


ROUTES = (
    Route("POST", "/v1/market-data", "ingest", body=True),
    Route("GET", "/v1/bars/{symbol}", "query", query=("interval", "from", "to", "limit", "cursor")),
    Route("GET", "/v1/analytics/{symbol}", "query", query=("interval", "from", "to", "limit", "cursor")),
    Route("POST", "/v1/sessions", "sessions"),
    Route("GET", "/v1/sessions/{id}", "sessions"),
    Route("DELETE", "/v1/sessions/{id}", "sessions"),
    Route("GET", "/health", "query", open=True),
)


def path_words(path: str) -> list[str]:
    """The words of a path: ``/v1/bars/{symbol}`` → v1, bars, symbol."""
    return re.findall("[^/{}-]+", path)
