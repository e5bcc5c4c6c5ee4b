"""Answers bars, analytics and health from the reader of the database cluster."""
