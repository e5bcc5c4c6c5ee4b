-- The tables of the payment service (web_src/payments).
--
-- Append-only: a payment is never changed or deleted, a mistake is mended by a payment in the other direction. The service's
-- users therefore have SELECT and INSERT on the three tables and nothing else:
--     GRANT SELECT, INSERT ON payments.idempotency_keys TO ...;
--     GRANT SELECT, INSERT ON payments.transactions TO ...;
--     GRANT SELECT, INSERT ON payments.entries TO ...;
--
-- For MySQL 8.0 (Aurora) and MariaDB 10.11. MySQL commits each DDL statement by itself, so every statement can be run
-- again. Identifiers are ASCII and compared by their bytes; times are UTC; amounts are exact.

-- One row for each Idempotency-Key. fingerprint is the SHA-256 of the payment's meaning.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    idempotency_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    fingerprint     BINARY(32)  NOT NULL,
    created_at      DATETIME(6) NOT NULL,
    PRIMARY KEY (idempotency_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row for each payment, and one payment for each key. The index amount_of is there for the entries to refer to.
CREATE TABLE IF NOT EXISTS transactions (
    id              CHAR(36)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    idempotency_key VARCHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    debit_account   VARCHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    credit_account  VARCHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    currency        CHAR(3)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amount          DECIMAL(19, 4) NOT NULL,
    description     VARCHAR(140)   NULL,
    created_at      DATETIME(6)    NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY payment_of_key (idempotency_key),
    UNIQUE KEY amount_of (id, currency, amount),
    CONSTRAINT transaction_has_key FOREIGN KEY (idempotency_key) REFERENCES idempotency_keys (idempotency_key),
    CONSTRAINT transaction_amount_positive CHECK (amount > 0),
    CONSTRAINT transaction_accounts_differ CHECK (debit_account <> credit_account)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Two rows for each transaction, of its currency and amount: the reference holds all three columns, and there is at most one
-- row for each side. So a debit and its credit cannot differ, and signed_amount sums to zero for every currency.
CREATE TABLE IF NOT EXISTS entries (
    transaction_id CHAR(36)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    side           VARCHAR(6)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    account        VARCHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    currency       CHAR(3)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amount         DECIMAL(19, 4) NOT NULL,
    signed_amount  DECIMAL(19, 4) AS (CASE WHEN side = 'debit' THEN amount ELSE -amount END) VIRTUAL,
    PRIMARY KEY (transaction_id, side),
    KEY entries_of_account (account, currency),
    CONSTRAINT entry_of_transaction FOREIGN KEY (transaction_id, currency, amount)
        REFERENCES transactions (id, currency, amount),
    CONSTRAINT entry_side CHECK (side IN ('debit', 'credit'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
