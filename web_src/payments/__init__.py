"""The payment service that the instances of the transactions platform run.

An HTTP service over one MySQL database: a payment is stored once for each idempotency key, as a transaction with a debit
and a credit of the same amount. web_src/README.md has the API, the settings and what operators need to know.

``app`` is the HTTP side, ``model`` says what a valid request is, ``store`` is the SQL, ``database`` keeps connections and
tries again, ``secret`` reads the credentials, ``health`` answers the load balancer, ``logs`` writes JSON lines.
"""
