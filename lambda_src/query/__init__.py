"""Answers bars, analytics and health from the database's reader."""
