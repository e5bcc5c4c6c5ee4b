"""Sessions of API clients: opaque tokens, kept hashed, expiring."""
