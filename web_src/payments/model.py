"""What a payment is, and what a client may send: every fault of a request is told, none of its content repeated."""

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
MAX_DESCRIPTION = 140  # characters; the length of SEPA's unstructured remittance information
MAX_WHOLE_DIGITS = (
    12  # so that no valid amount can be taken for a card number, which has 13 digits or more and no point
)
REQUIRED = ("debitAccount", "creditAccount", "amount", "currency")
KNOWN = (*REQUIRED, "description")

# Without the comma: a header that is sent twice arrives as one, with a comma between the two (RFC 9110, section 5.3).
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]+))?")
# Refuses to round; 19 digits are what DECIMAL(19, 4) holds, of which the fourth decimal may be none of the currency's.
_EXACT = Context(prec=19, traps=[Inexact, InvalidOperation])
# Control characters, and the halves of surrogate pairs that JSON can hold but UTF-8 cannot.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A checked request. ``amount`` has exactly as many decimals as the currency."""

    debit_account: str
    credit_account: str
    amount: Decimal
    currency: str
    description: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the meaning, 32 bytes: blanks, the order of fields and ``1.5`` for ``1.50`` make no difference."""
        meaning = [self.debit_account, self.credit_account, str(self.amount), self.currency, self.description]
        return hashlib.sha256(json.dumps(meaning, ensure_ascii=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class Payment:
    """A stored payment. ``created_at`` is UTC, without zone as the database gives it."""

    id: str
    request: PaymentRequest
    created_at: datetime

    def to_json(self) -> dict[str, str]:
        """The answer's body; the amount is a string because JSON's numbers are not exact everywhere."""
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
    """UTC to the microsecond, without zone: what DATETIME(6) keeps."""
    return datetime.now(UTC).replace(tzinfo=None)


def exact(amount: Decimal, currency: str) -> Decimal:
    """The amount with as many decimals as the currency has; one that does not fit is not rounded but refused."""
    return amount.quantize(Decimal(1).scaleb(-MINOR_UNITS[currency]), context=_EXACT)


def checked_key(value: str | None) -> str:
    """The idempotency key of a request. Raises RequestError."""
    if value is None:
        raise RequestError(
            400, "idempotency_key_missing", "Send the header Idempotency-Key: a new value for each payment."
        )
    if not _KEY.fullmatch(value):
        what = "Send Idempotency-Key once, with 1 to 64 visible ASCII characters and no comma, for example a UUID."
        raise RequestError(400, "idempotency_key_invalid", what)
    if holds_card_number(value):
        raise _card_number("Idempotency-Key")
    return value


def parse(body: bytes) -> PaymentRequest:
    """The payment that a body asks for. Raises RequestError, with all faults of the fields together."""
    fields = _fields(body)
    _refuse_card_numbers(fields)
    faults = [f"{name} is missing" for name in REQUIRED if name not in fields]
    if fields.keys() - set(KNOWN):
        faults.append(f"there are fields other than {', '.join(KNOWN)}")
    found = {name: _CHECKS[name](fields[name]) for name in KNOWN if name in fields}
    faults += [f"{name} {fault}" for name, fault in found.items() if fault]
    if not faults:
        faults = _faults_together(fields)
    if faults:
        raise RequestError(400, "invalid_request", f"Correct the body: {'; '.join(faults)}.")
    currency = fields["currency"]
    amount = exact(Decimal(fields["amount"]), currency)
    return PaymentRequest(fields["debitAccount"], fields["creditAccount"], amount, currency, fields.get("description"))


def _refuse_card_numbers(fields: dict[str, Any]) -> None:
    """First of all: whatever else is wrong with a request, the client has to learn that it must not send this."""
    for name in KNOWN:
        value = fields.get(name)
        if not isinstance(value, str) or (name == "amount" and _AMOUNT.fullmatch(value)):
            continue
        if holds_card_number(value):
            raise _card_number(name)


def _fields(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError):
        # Without the cause: its text can hold the body.
        what = "The body must be one JSON object in UTF-8, without NaN, Infinity or a name that stands twice."
        raise RequestError(400, "invalid_json", what) from None
    if not isinstance(parsed, dict):
        raise RequestError(400, "invalid_json", "The body must be a JSON object with the fields of one payment.")
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _account_fault(value: object) -> str:
    if isinstance(value, str) and _ACCOUNT.fullmatch(value):
        return ""
    return "must be a string of 1 to 64 letters, digits, hyphens and underscores that begins with a letter or digit"


def _amount_fault(value: object) -> str:
    if not isinstance(value, str):
        return 'must be a string such as "10.50": JSON numbers are not exact'
    if not _AMOUNT.fullmatch(value):
        return (
            f"must be a decimal of at most {MAX_WHOLE_DIGITS} digits before the point, without sign, blanks or exponent"
        )
    return "" if Decimal(value) > 0 else "must be more than 0"


def _currency_fault(value: object) -> str:
    return (
        "" if isinstance(value, str) and value in MINOR_UNITS else "must be an alphabetic code of ISO 4217 such as USD"
    )


def _description_fault(value: object) -> str:
    if isinstance(value, str) and 1 <= len(value) <= MAX_DESCRIPTION and not _UNPRINTABLE.search(value):
        return ""
    return f"must be a string of 1 to {MAX_DESCRIPTION} printable characters; leave it out if there is none"


def _faults_together(fields: dict[str, Any]) -> list[str]:
    faults = []
    if fields["debitAccount"] == fields["creditAccount"]:
        faults.append("debitAccount and creditAccount must differ")
    decimals, units = len(fields["amount"].partition(".")[2]), MINOR_UNITS[fields["currency"]]
    if decimals > units:
        faults.append(f"amount has {decimals} decimals and {fields['currency']} has {units}")
    return faults


def _card_number(name: str) -> RequestError:
    what = f"{name} looks like a card number. Send a token or an account id: this service needs no card number."
    return RequestError(422, "card_number_refused", what)


_CHECKS = {
    "debitAccount": _account_fault,
    "creditAccount": _account_fault,
    "amount": _amount_fault,
    "currency": _currency_fault,
    "description": _description_fault,
}
