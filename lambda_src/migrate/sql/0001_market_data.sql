-- The tables of the trading data plane.
--
-- trades and quotes hold each event once, whatever order, split or repetition it arrives in; bars and quote statistics
-- are a function of their content and are computed anew for every minute that a batch touches. Event time is kept in
-- whole nanoseconds since 1970 (timestamptz would cut it to microseconds); decimals are exact. Text is ordered by its
-- bytes (COLLATE "C"): what breaks a tie must not depend on a server's locale.

CREATE SCHEMA trading;

CREATE TABLE trading.trades (
    symbol   text COLLATE "C" NOT NULL,
    trade_id text COLLATE "C" NOT NULL,
    ts_ns    bigint         NOT NULL,
    price    numeric(18, 8) NOT NULL CHECK (price > 0),
    size     numeric(18, 8) NOT NULL CHECK (size > 0),
    side     text COLLATE "C" NOT NULL DEFAULT '' CHECK (side IN ('', 'buy', 'sell')),
    venue    text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (symbol, trade_id)
);

CREATE INDEX trades_by_time ON trading.trades (symbol, ts_ns);

-- The same (symbol, trade_id) with other content: the least of them counts, the others are kept here to be looked at.
CREATE TABLE trading.trade_conflicts (
    symbol   text COLLATE "C" NOT NULL,
    trade_id text COLLATE "C" NOT NULL,
    ts_ns    bigint         NOT NULL,
    price    numeric(18, 8) NOT NULL,
    size     numeric(18, 8) NOT NULL,
    side     text COLLATE "C" NOT NULL,
    venue    text COLLATE "C" NOT NULL,
    PRIMARY KEY (symbol, trade_id, ts_ns, price, size, side, venue)
);

-- A quote has no identifier of its own: its whole content is its key.
CREATE TABLE trading.quotes (
    symbol   text COLLATE "C" NOT NULL,
    ts_ns    bigint         NOT NULL,
    bid      numeric(18, 8) NOT NULL CHECK (bid > 0),
    ask      numeric(18, 8) NOT NULL CHECK (ask >= bid),
    bid_size numeric(18, 8) NOT NULL CHECK (bid_size > 0),
    ask_size numeric(18, 8) NOT NULL CHECK (ask_size > 0),
    PRIMARY KEY (symbol, ts_ns, bid, ask, bid_size, ask_size)
);

-- minute_ns is the start of the minute. notional is the exact sum of price * size. The effective_* columns cover the
-- trades that had a quote in force: sum of 2 * |price - mid| * size, of that over mid (each term to 12 decimals), and of
-- size.
CREATE TABLE trading.bars_1m (
    symbol              text COLLATE "C" NOT NULL,
    minute_ns           bigint          NOT NULL CHECK (minute_ns % 60000000000 = 0),
    open                numeric(18, 8)  NOT NULL,
    high                numeric(18, 8)  NOT NULL,
    low                 numeric(18, 8)  NOT NULL,
    close               numeric(18, 8)  NOT NULL,
    volume              numeric(30, 8)  NOT NULL,
    notional            numeric(48, 16) NOT NULL,
    trades              bigint          NOT NULL,
    effective_spread    numeric(48, 16) NOT NULL,
    effective_relative  numeric(48, 12) NOT NULL,
    effective_volume    numeric(30, 8)  NOT NULL,
    PRIMARY KEY (symbol, minute_ns)
);

-- Sums over the time that quotes were in force within the minute, in price * nanoseconds; relative_ns is of spread over
-- mid. last_microprice is that of the last quote that was in force in the minute. Quotients have 12 decimals.
CREATE TABLE trading.quote_stats_1m (
    symbol          text COLLATE "C" NOT NULL,
    minute_ns       bigint          NOT NULL CHECK (minute_ns % 60000000000 = 0),
    quotes          bigint          NOT NULL,
    covered_ns      bigint          NOT NULL,
    spread_ns       numeric(48, 8)  NOT NULL,
    relative_ns     numeric(48, 12) NOT NULL,
    microprice_ns   numeric(48, 12) NOT NULL,
    last_microprice numeric(30, 12) NOT NULL,
    PRIMARY KEY (symbol, minute_ns)
);

-- One row for each stored object that has been applied; written in the transaction that applies it. finished_at stays
-- empty until its Parquet files and its archive copy are there too. bar_hours: starts of the hours whose bars it changed.
CREATE TABLE trading.batches (
    object_key  text        PRIMARY KEY,
    etag        text        NOT NULL,
    trades      bigint      NOT NULL,
    quotes      bigint      NOT NULL,
    quarantined bigint      NOT NULL,
    bar_hours   bigint[]    NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
