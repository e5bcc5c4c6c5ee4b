"""Clients of the deployed platforms: they reach a platform as its users do, and nothing behind its back."""
