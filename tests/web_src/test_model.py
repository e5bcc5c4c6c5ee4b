"""Valid and invalid requests: errors name each fault and repeat nothing that the client sent, and amounts are exact."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import cards, ids
from payments.currencies import MINOR_UNITS
from payments.errors import RequestError
from payments.model import MAX_WHOLE_DIGITS, Payment, PaymentRequest, checked_key, exact, parse
from tests.support.growth import cpu_ratio
from tests.web_src.support.bodies import VISA, payment

pytestmark = pytest.mark.requirement("X-WEB-1")

AMEX = "378282246310005"  # a test number that the scheme publishes
CURRENCIES = st.sampled_from(sorted(MINOR_UNITS))


@st.composite
def amounts(draw: st.DrawFn) -> tuple[str, str, Decimal]:
    """Draw a currency, the text of an amount that is valid in it, and the amount."""
    currency = draw(CURRENCIES)
    units = MINOR_UNITS[currency]
    value = Decimal(draw(st.integers(1, 10 ** (MAX_WHOLE_DIGITS + units) - 1))).scaleb(-units)
    return currency, f"{value:f}", value


def rejection(body: object) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse(body if isinstance(body, bytes) else json.dumps(body).encode())
    return caught.value


@given(amounts())
def test_each_valid_amount_is_kept_exactly(case: tuple[str, str, Decimal]) -> None:
    currency, text, value = case
    request = parse(json.dumps(payment(amount=text, currency=currency)).encode())
    assert request.amount == value
    assert request.amount.as_tuple().exponent == -MINOR_UNITS[currency]
    assert Decimal(Payment(ids.new_id(), request, datetime(2026, 1, 1)).to_json()["amount"]) == value


@given(amounts(), st.integers(1, 6))
def test_amount_with_too_many_decimals_is_rejected_and_not_rounded(
    case: tuple[str, str, Decimal], extra_decimals: int
) -> None:
    currency, text, _ = case
    whole = text.partition(".")[0]
    error = rejection(payment(amount=f"{whole}.{'1' * (MINOR_UNITS[currency] + extra_decimals)}", currency=currency))
    assert (error.status, error.code) == (400, "invalid_request")
    assert currency in error.message


@pytest.mark.parametrize(
    "amount",
    [
        *(
            "0",
            "0.00",
            "-1",
            "+1",
            "1e3",
            "1E3",
            "NaN",
            "Infinity",
            " 1",
            "1 ",
            "1,00",
            ".5",
            "5.",
            "01",
            "0x10",
            "",
            "1_000",
        ),
        *("١", "1\n", "1" * 13, 10.5, 10, True, None, ["1"], {"value": "1"}),
    ],
)
def test_amount_that_is_not_a_positive_decimal_string_is_rejected(amount: object) -> None:
    body = {**payment(), "amount": amount}
    assert rejection(body).code == "invalid_request"


@pytest.mark.parametrize(
    ("currency", "amount", "answered"),
    [
        *(("JPY", "1000", "1000"), ("USD", "1.5", "1.50"), ("KWD", "1.125", "1.125"), ("CLF", "0.0001", "0.0001")),
        ("USD", "999999999999.99", "999999999999.99"),
    ],
)
def test_answer_has_the_amount_with_the_currencys_decimals(currency: str, amount: str, answered: str) -> None:
    assert str(parse(json.dumps(payment(amount=amount, currency=currency)).encode()).amount) == answered


def test_amount_whose_digits_pass_luhns_check_is_accepted() -> None:
    """Incident: the service rejected 48938079513.67 dollars, which are thirteen digits with a point between them."""
    assert str(parse(json.dumps(payment(amount="48938079513.67")).encode()).amount) == "48938079513.67"


def test_amount_from_the_database_is_as_exact_as_the_one_that_was_sent() -> None:
    assert str(exact(Decimal("10.5000"), "USD")) == "10.50"
    assert str(exact(Decimal("1000.0000"), "JPY")) == "1000"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"amount": NaN}',
        b'{"amount": Infinity}',
        b'{"currency": "USD", "currency": "EUR"}',
        b"\xff\xfe",
        b"[" * 16000,
        b'{"a":' * 3000,
        b"1" * 9000,
    ],
)
def test_body_that_is_not_a_json_object_is_rejected(body: bytes) -> None:
    assert rejection(body).code == "invalid_json"


def test_all_faults_are_reported_together() -> None:
    message = rejection({"debitAccount": "?", "amount": 1.0, "currency": "XXX", "colour": "red"}).message
    for word in ("creditAccount is missing", "debitAccount must", "amount must be a string", "ISO 4217", "other than"):
        assert word in message


@pytest.mark.parametrize("value", ["", "-a", "a b", "a/b", "ä", "x" * 65, "a\n", 7, None, ["a"]])
@pytest.mark.parametrize("name", ["debitAccount", "creditAccount"])
def test_account_has_an_opaque_id(name: str, value: object) -> None:
    assert name in rejection({**payment(), name: value}).message


def test_two_accounts_must_differ() -> None:
    assert "must differ" in rejection(payment(creditAccount="acct-1")).message


@pytest.mark.parametrize("text", ["", "x" * 141, "a\x00b", "a\nb", "\ud800", "\x85", 5, []])
def test_description_is_short_and_printable(text: object) -> None:
    assert "description" in rejection({**payment(), "description": text}).message


def test_null_is_not_the_same_as_a_missing_field() -> None:
    assert rejection({**payment(), "description": None}).code == "invalid_request"


@pytest.mark.parametrize("name", ["debitAccount", "creditAccount", "amount", "currency", "description"])
@pytest.mark.parametrize("number", [VISA, AMEX, "4222222222222", "6304000000000000000"])
def test_card_number_is_rejected_and_not_repeated(name: str, number: str) -> None:
    error = rejection({**payment(), name: number})
    assert (error.status, error.code) == (422, "card_number_refused")
    assert number not in error.message


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"card {VISA}.",
            "4111 1111 1111 1111",
            "12 4111-1111-1111-1111 7",
            "4111.1111.1111.1111",
            "3782 822463 10005",
        ),
        # The service accepted each of these once.
        *("\uff14" + "\uff11" * 15, "\u0664" + "\u0661" * 15, "4111\u20131111\u20131111\u20131111"),
        *("4111/1111/1111/1111", "4111_1111_1111_1111", "4111  1111  1111  1111", "4111 - 1111 - 1111 - 1111"),
        *(
            "4111\u200b1111\u200b1111\u200b1111",
            f"{VISA}0",
            f"{VISA}123",
            f"9{VISA}",
            f"00{VISA}0",
            "4111 1111 1111 11110",
        ),
        *(f"{AMEX}1234"[:18], f"x{VISA}x", "6222 0212 3456 7890 128"),
    ],
)
def test_card_number_inside_a_description_is_rejected(text: str) -> None:
    assert rejection(payment(description=text)).code == "card_number_refused"
    assert "[card number]" in cards.mask_card_numbers(text)
    assert not cards.holds_card_number(cards.mask_card_numbers(text))


def test_masking_replaces_only_the_number() -> None:
    assert (
        cards.mask_card_numbers(f"a {VISA}, b \uff14111 1111 1111 1111; \u4e8c")
        == "a [card number], b [card number]; \u4e8c"
    )
    assert cards.mask_card_numbers(f"{VISA}{VISA[:3]} 7") == f"[card number]{VISA[:3]} 7"


@pytest.mark.parametrize(
    "text",
    [
        *("411111111111111", "4111111111111112", "12345678901234567890", "acct-1", "Invoice 2026-11-21"),
        *("from 2026-01-01 to 2026-12-31", "2026-11-21 10:00:00.000", "2026-11-21 10.00.00", "+41 44 668 18 00"),
        *(
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "RF18 5390 0754 7034",
            "210000000003139471430009017",
        ),
        # Twenty digits and more are references, whatever they contain.
        *(f"{VISA}0000", f"0000{VISA}", f"1234{VISA}1234567"),
    ],
)
def test_other_numbers_are_accepted(text: str) -> None:
    assert parse(json.dumps(payment(description=text)).encode()).description == text
    assert cards.mask_card_numbers(text) == text


@given(st.uuids())
def test_uuid_is_never_a_card_number(value: uuid.UUID) -> None:
    assert not cards.holds_card_number(str(value))
    assert checked_key(str(value)) == str(value)


@pytest.mark.slow
def test_ordinary_numbers_are_rarely_rejected() -> None:
    """The docstring of ``cards`` states these rates. Luhn's check alone would reject one in ten wherever 13 digits are near."""
    draw = random.Random(1)

    def rejection_rate(make: Callable[[], str]) -> float:
        return sum(cards.holds_card_number(make()) for _ in range(2000)) / 2000

    def digits(count: int) -> str:
        return "".join(draw.choices("0123456789", k=count))

    def moment() -> datetime:
        return datetime(2026, 1, 1) + timedelta(seconds=draw.randrange(10**9))

    assert max(rejection_rate(lambda size=size: digits(size)) for size in (13, 14, 15, 16)) < 0.15  # type: ignore[misc]
    assert max(rejection_rate(lambda size=size: digits(size)) for size in (17, 18, 19)) < 0.22  # type: ignore[misc]
    assert max(rejection_rate(lambda size=size: digits(size)) for size in (20, 25, 27)) == 0  # type: ignore[misc]
    assert rejection_rate(lambda: moment().isoformat(" ", "milliseconds")) < 0.001
    assert rejection_rate(lambda: f"{moment():%Y-%m-%d} - {moment():%Y-%m-%d}") < 0.001
    assert rejection_rate(lambda: "Invoices " + ", ".join(digits(4) for _ in range(4))) < 0.06
    assert rejection_rate(lambda: f"DE{digits(2)} {digits(4)} {digits(4)} {digits(4)} {digits(4)} {digits(2)}") < 0.12


def test_time_grows_with_the_text_and_not_with_its_square() -> None:
    """Other libraries write log lines of any length."""
    assert not cards.holds_card_number("1 " * 20_000)
    ratio = cpu_ratio(lambda: cards.holds_card_number("1 " * 20_000), lambda: cards.holds_card_number("1 " * 5_000))
    assert ratio < 8, "four times the text: a linear search takes 4 times as long, a quadratic one 16 times"


@given(st.text(alphabet="014 -.x\uff11", max_size=80))
def test_masking_leaves_no_card_number(text: str) -> None:
    assert not cards.holds_card_number(cards.mask_card_numbers(text))


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "é", "a\tb", "\x7f", "a,b", "a,", ","])
def test_key_has_1_to_64_visible_characters(key: str) -> None:
    with pytest.raises(RequestError, match="1 to 64"):
        checked_key(key)


def test_key_is_required_and_must_not_be_a_card_number() -> None:
    with pytest.raises(RequestError) as missing:
        checked_key(None)
    assert missing.value.status == 400
    with pytest.raises(RequestError) as card:
        checked_key(VISA)
    assert card.value.status == 422


def test_fingerprint_depends_on_the_meaning_only() -> None:
    first = parse(json.dumps(payment(amount="10.5")).encode())
    other_order = parse(json.dumps(dict(reversed(payment(amount="10.50").items())), indent=2).encode())
    assert first.fingerprint == other_order.fingerprint
    changed = [
        payment(amount="10.51"),
        payment(currency="EUR"),
        payment(debitAccount="b"),
        payment(description="10.50"),
    ]
    fingerprints = {parse(json.dumps(body).encode()).fingerprint for body in [payment(), *changed]}
    assert len(fingerprints) == len(changed) + 1


@given(
    st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=2),
    st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=2),
)
def test_fields_do_not_run_into_each_other_in_a_fingerprint(first: list[str], second: list[str]) -> None:
    def fingerprint(pair: list[str]) -> bytes:
        return PaymentRequest(pair[0], pair[1], Decimal("1.00"), "USD").fingerprint

    assert (fingerprint(first) == fingerprint(second)) == (first == second)


def test_ids_are_unique_and_rise_with_time() -> None:
    new_ids = [ids.new_id() for _ in range(1000)]
    assert len(set(new_ids)) == 1000
    assert all(ids.is_id(new_id) for new_id in new_ids)
    timestamps = [uuid.UUID(new_id).int >> 80 for new_id in new_ids]
    assert timestamps == sorted(timestamps)
    assert uuid.UUID(new_ids[0]).variant == uuid.RFC_4122


VALID_ID = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"
VERSION_4 = "019ab3c4-5d6e-4f80-9a1b-2c3d4e5f6071"


@pytest.mark.parametrize(
    "text", ["", "x", VERSION_4, VALID_ID.upper(), f"{{{VALID_ID}}}", f"{VALID_ID} ", VALID_ID.replace("-", "")]
)
def test_text_that_is_not_an_id_is_recognised(text: str) -> None:
    assert ids.is_id(VALID_ID)
    assert not ids.is_id(text)


def test_table_of_currencies_is_that_of_iso_4217() -> None:
    """Samples from the list of the maintenance agency, which has no other decimals than 0, 2, 3 and 4."""
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MINOR_UNITS)
    assert set(MINOR_UNITS.values()) == {0, 2, 3, 4}
    expected = {
        "USD": 2,
        "EUR": 2,
        "GBP": 2,
        "CHF": 2,
        "JPY": 0,
        "KRW": 0,
        "ISK": 0,
        "BHD": 3,
        "TND": 3,
        "CLF": 4,
        "UYW": 4,
    }
    assert {code: MINOR_UNITS[code] for code in expected} == expected
    assert not {"XAU", "XXX", "XTS", "XDR", "DEM", "BTC"} & MINOR_UNITS.keys()
