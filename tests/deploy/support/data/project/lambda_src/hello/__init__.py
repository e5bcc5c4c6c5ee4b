"""A function that says what it was told to say."""
