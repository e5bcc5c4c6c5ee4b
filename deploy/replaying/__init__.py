"""Quarantined data and dead letters, back for processing."""
