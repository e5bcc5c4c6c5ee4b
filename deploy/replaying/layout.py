"""The functions' layout of keys in the raw bucket, as far as replaying needs it. A test compares it with theirs."""

RAW_PREFIX = "market-data/"
OBJECTS_PREFIX = "quarantine/objects/"
RECORDS_PREFIX = "quarantine/records/"
REASON_SUFFIX = ".reason.json"
SUFFIX = ".ndjson.gz"
MAX_LINE_BYTES = 4096  # of a rejected line, which the quarantine shows
