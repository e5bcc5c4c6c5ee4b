"""Payments in SQL. A payment is an idempotency key, a transaction and two entries, written together or not at all.

The key is written first. A second request with the same key then waits at the unique index until the first has committed,
finds the row, and gets the answer of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from .database import Database, code_of
from .errors import RequestError
from .ids import is_id, new_id
from .model import Payment, PaymentRequest, exact, now

_COLUMNS = "t.id, t.debit_account, t.credit_account, t.currency, t.amount, t.description, t.created_at"
_Row = tuple[str, str, str, str, Decimal, str | None, datetime]


@dataclass(frozen=True)
class StoredPayment:
    """A payment, and whether an earlier request had stored it."""

    payment: Payment
    is_replay: bool


@dataclass
class Store:
    """The payments of one database."""

    database: Database

    def post(self, key: str, request: PaymentRequest) -> StoredPayment:
        """Store a payment once for its key.

        Raises:
            RequestError: 422 if the key belongs to another payment.
            ServiceError, pymysql.MySQLError: As ``Database.transaction``.
        """
        payment = Payment(new_id(), request, now())
        try:
            self.database.transaction(lambda cursor: _insert(cursor, key, payment))
            return StoredPayment(payment, is_replay=False)
        except pymysql.IntegrityError as error:
            if code_of(error) != ER.DUP_ENTRY:
                raise
        fingerprint, stored = self.database.transaction(lambda cursor: _by_key(cursor, key))
        if fingerprint != request.fingerprint:
            message = "This Idempotency-Key was used for another payment. Use a new key, or send the first body again."
            raise RequestError(422, "idempotency_key_reused", message)
        # With its own id it is no replay: the commit succeeded although the connection broke under it.
        return StoredPayment(stored, is_replay=stored.id != payment.id)

    def get(self, transaction_id: str) -> Payment | None:
        """Read the payment with an id; None if it does not exist.

        Raises:
            ServiceError, pymysql.MySQLError: As ``Database.transaction``.
        """
        if not is_id(transaction_id):
            return None
        return self.database.transaction(lambda cursor: _by_id(cursor, transaction_id))


def _insert(cursor: Cursor, key: str, payment: Payment) -> None:
    request = payment.request
    cursor.execute(
        "INSERT INTO idempotency_keys (idempotency_key, fingerprint, created_at) VALUES (%s, %s, %s)",
        (key, request.fingerprint, payment.created_at),
    )
    cursor.execute(
        "INSERT INTO transactions (id, idempotency_key, debit_account, credit_account, currency, amount, description,"
        " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            payment.id,
            key,
            request.debit_account,
            request.credit_account,
            request.currency,
            request.amount,
            request.description,
            payment.created_at,
        ),
    )
    cursor.execute(
        "INSERT INTO entries (transaction_id, side, account, currency, amount) VALUES"
        " (%s, 'debit', %s, %s, %s), (%s, 'credit', %s, %s, %s)",
        (
            *(payment.id, request.debit_account, request.currency, request.amount),
            *(payment.id, request.credit_account, request.currency, request.amount),
        ),
    )


def _by_key(cursor: Cursor, key: str) -> tuple[bytes, Payment]:
    cursor.execute(
        f"SELECT k.fingerprint, {_COLUMNS} FROM idempotency_keys k"
        " JOIN transactions t ON t.idempotency_key = k.idempotency_key WHERE k.idempotency_key = %s",
        (key,),
    )
    row = cursor.fetchone()
    if row is None:
        # Rows are never deleted, and a key is committed only together with its transaction.
        raise LookupError("a stored key has no transaction")
    return row[0], _payment(row[1:])


def _by_id(cursor: Cursor, transaction_id: str) -> Payment | None:
    cursor.execute(f"SELECT {_COLUMNS} FROM transactions t WHERE t.id = %s", (transaction_id,))
    row = cursor.fetchone()
    return None if row is None else _payment(row)


def _payment(row: _Row) -> Payment:
    identifier, debit, credit, currency, amount, description, created_at = row
    return Payment(
        identifier, PaymentRequest(debit, credit, exact(amount, currency), currency, description), created_at
    )
