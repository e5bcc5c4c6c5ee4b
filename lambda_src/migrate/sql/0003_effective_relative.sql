-- effective_relative: each trade's ratio of distance to mid now has 12 decimals before it is multiplied by the size, so
-- a sum has 20 and a tiny size loses no digit. Without a scale, for with one every bar would have to be rewritten under
-- a lock that stops readers; dropping it changes no stored value. Older bars keep their sums until they are computed anew.
ALTER TABLE trading.bars_1m ALTER COLUMN effective_relative TYPE numeric;
