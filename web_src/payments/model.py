"""What a payment is and what a client may send. An error names all faults of a request and repeats none of its content."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from .cards import holds_card_number
from .currencies import MINOR_UNITS
from .errors import RequestError

MAX_BODY_BYTES = 16 * 1024  # bytes; the largest valid body has some 2 KB
MAX_DESCRIPTION_CHARACTERS = 140  # the length of SEPA's unstructured remittance information
# A card number has 13 digits or more and no point, so no valid amount looks like one.
MAX_WHOLE_DIGITS = 12
REQUIRED_FIELDS = ("debitAccount", "creditAccount", "amount", "currency")
FIELDS = (*REQUIRED_FIELDS, "description")

# Without the comma, because a header that is sent twice arrives as one with a comma in between (RFC 9110, section 5.3).
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]+))?")
# Fails instead of rounding. DECIMAL(19, 4) holds 19 digits; the currency may have fewer than four decimals.
_EXACT = Context(prec=19, traps=[Inexact, InvalidOperation])
# Control characters, and halves of surrogate pairs, which JSON can hold but UTF-8 cannot.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A valid request. ``amount`` has exactly as many decimals as the currency."""

    debit_account: str
    credit_account: str
    amount: Decimal
    currency: str
    description: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """The SHA-256 (32 bytes) of the meaning: whitespace, the order of fields and ``1.5`` for ``1.50`` do not change it."""
        meaning = [self.debit_account, self.credit_account, str(self.amount), self.currency, self.description]
        return hashlib.sha256(json.dumps(meaning, ensure_ascii=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class Payment:
    """A stored payment. ``created_at`` is UTC without a zone, as the database returns it."""

    id: str
    request: PaymentRequest
    created_at: datetime

    def to_json(self) -> dict[str, str]:
        """The answer's body. The amount is a string, because numbers in JSON are not exact everywhere."""
        request = self.request
        answer = {
            "id": self.id,
            "debitAccount": request.debit_account,
            "creditAccount": request.credit_account,
            "amount": str(request.amount),
            "currency": request.currency,
            "createdAt": self.created_at.isoformat(timespec="microseconds") + "Z",
        }
        return answer if request.description is None else {**answer, "description": request.description}


def now() -> datetime:
    """The present time in UTC to the microsecond and without a zone, as DATETIME(6) stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def exact(amount: Decimal, currency: str) -> Decimal:
    """The amount with as many decimals as the currency has.

    Raises:
        decimal.Inexact: The amount has more decimals. It is never rounded.
    """
    return amount.quantize(Decimal(1).scaleb(-MINOR_UNITS[currency]), context=_EXACT)


def checked_key(value: str | None) -> str:
    """The idempotency key of a request.

    Raises:
        RequestError: 400 if the key is missing or malformed, 422 if it looks like a card number.
    """
    if value is None:
        raise RequestError(
            400, "idempotency_key_missing", "Send the header Idempotency-Key: a new value for each payment."
        )
    if not _KEY.fullmatch(value):
        message = "Send Idempotency-Key once, with 1 to 64 visible ASCII characters and no comma, for example a UUID."
        raise RequestError(400, "idempotency_key_invalid", message)
    if holds_card_number(value):
        raise _card_number_error("Idempotency-Key")
    return value


def parse(body: bytes) -> PaymentRequest:
    """Parse the payment that a body asks for.

    Raises:
        RequestError: 400 with all faults of the fields together, or 422 for a card number.
    """
    fields = _parse_fields(body)
    _reject_card_numbers(fields)
    faults = [f"{name} is missing" for name in REQUIRED_FIELDS if name not in fields]
    if fields.keys() - set(FIELDS):
        faults.append(f"there are fields other than {', '.join(FIELDS)}")
    field_faults = {name: _CHECKS[name](fields[name]) for name in FIELDS if name in fields}
    faults += [f"{name} {fault}" for name, fault in field_faults.items() if fault]
    if not faults:
        faults = _combination_faults(fields)
    if faults:
        raise RequestError(400, "invalid_request", f"Correct the body: {'; '.join(faults)}.")
    currency = fields["currency"]
    amount = exact(Decimal(fields["amount"]), currency)
    return PaymentRequest(fields["debitAccount"], fields["creditAccount"], amount, currency, fields.get("description"))


def _reject_card_numbers(fields: dict[str, Any]) -> None:
    """Run before all other checks, so that the client learns of a card number whatever other faults its request has."""
    for name in FIELDS:
        value = fields.get(name)
        if not isinstance(value, str) or (name == "amount" and _AMOUNT.fullmatch(value)):
            continue
        if holds_card_number(value):
            raise _card_number_error(name)


def _parse_fields(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body.decode("utf-8"), parse_constant=_reject_constant, object_pairs_hook=_reject_duplicates)
    except (ValueError, RecursionError):
        # Without the cause, because its text can hold the body.
        message = "The body must be one JSON object in UTF-8, without NaN, Infinity or duplicate names."
        raise RequestError(400, "invalid_json", message) from None
    if not isinstance(parsed, dict):
        raise RequestError(400, "invalid_json", "The body must be a JSON object with the fields of one payment.")
    return parsed


def _reject_constant(name: str) -> None:
    raise ValueError(name)


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def _account_fault(value: object) -> str:
    if isinstance(value, str) and _ACCOUNT.fullmatch(value):
        return ""
    return "must be a string of 1 to 64 letters, digits, hyphens and underscores that begins with a letter or digit"


def _amount_fault(value: object) -> str:
    if not isinstance(value, str):
        return 'must be a string such as "10.50": JSON numbers are not exact'
    if not _AMOUNT.fullmatch(value):
        return (
            f"must be a decimal of at most {MAX_WHOLE_DIGITS} digits before the point, without sign, spaces or exponent"
        )
    return "" if Decimal(value) > 0 else "must be more than 0"


def _currency_fault(value: object) -> str:
    return (
        "" if isinstance(value, str) and value in MINOR_UNITS else "must be an alphabetic code of ISO 4217 such as USD"
    )


def _description_fault(value: object) -> str:
    if isinstance(value, str) and 1 <= len(value) <= MAX_DESCRIPTION_CHARACTERS and not _UNPRINTABLE.search(value):
        return ""
    return f"must be a string of 1 to {MAX_DESCRIPTION_CHARACTERS} printable characters; leave it out if there is no description"


def _combination_faults(fields: dict[str, Any]) -> list[str]:
    faults = []
    if fields["debitAccount"] == fields["creditAccount"]:
        faults.append("debitAccount and creditAccount must differ")
    decimals, units = len(fields["amount"].partition(".")[2]), MINOR_UNITS[fields["currency"]]
    if decimals > units:
        faults.append(f"amount has {decimals} decimals and {fields['currency']} has {units}")
    return faults


def _card_number_error(name: str) -> RequestError:
    message = f"{name} looks like a card number. Send a token or an account id. This service needs no card number."
    return RequestError(422, "card_number_refused", message)


_CHECKS = {
    "debitAccount": _account_fault,
    "creditAccount": _account_fault,
    "amount": _amount_fault,
    "currency": _currency_fault,
    "description": _description_fault,
}
