"""Applies stored batches to the database and to Parquet, exactly once in effect."""
