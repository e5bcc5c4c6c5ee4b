"""Publishes the errors that a log subscription delivers, grouped, to an SNS topic."""
