"""Sessions of API clients, whose opaque tokens are stored as hashes and expire."""
