"""A function that returns the text of its configuration."""
