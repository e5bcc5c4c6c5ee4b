"""Groups the errors that a log subscription delivers, and publishes them to an SNS topic."""
