"""The payment service that the instances of the transactions platform run.

An HTTP service over one MySQL database. It stores a payment once for each idempotency key, as a transaction with a debit
and a credit of the same amount. web_src/README.md describes the API, the settings and the operation.

The modules, from the outside in:

- ``gunicorn_conf`` and ``wsgi`` are what gunicorn loads. ``settings`` reads the environment.
- ``worker`` is gunicorn's worker. ``framing`` finds the end of a request, ``deadlines`` bounds its time, and ``refusal``
  writes the answers that the worker gives without the application.
- ``app`` is the HTTP side. ``model`` and ``cards`` define a valid request, ``currencies`` and ``ids`` the values in it.
- ``store`` is the SQL. ``database`` keeps connections and retries transactions. ``secret`` reads the credentials.
- ``health`` answers the load balancer. ``logs`` writes JSON lines.

The errors (``errors``). ``app`` alone turns them into answers::

    ServiceError
    ├── ConfigurationError        a setting is missing or invalid; the service does not start
    ├── RequestError              the client must change the request: 4xx
    ├── DatabaseUnavailableError  no database or no credentials: 503
    └── DatabaseBusyError         lock waits or deadlocks: 409
"""
