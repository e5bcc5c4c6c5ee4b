-- How far back the deduplication window reaches. Events before horizon_ns are refused, and process deletes the stored
-- ones: they have done their part in the bars, which stay. The horizon only ever moves forward; 0 means without end.

CREATE TABLE trading.retention (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    horizon_ns bigint  NOT NULL CHECK (horizon_ns >= 0 AND horizon_ns % 86400000000000 = 0)
);

INSERT INTO trading.retention (horizon_ns) VALUES (0);

-- The horizon that an object was applied with: a redelivery must refuse the same lines.
ALTER TABLE trading.batches ADD COLUMN horizon_ns bigint NOT NULL DEFAULT 0;

-- Rows come nearly in the order of time, so a few kilobytes of block ranges find the old ones.
CREATE INDEX trades_by_age ON trading.trades USING brin (ts_ns);
CREATE INDEX quotes_by_age ON trading.quotes USING brin (ts_ns);
CREATE INDEX trade_conflicts_by_age ON trading.trade_conflicts USING brin (ts_ns);
