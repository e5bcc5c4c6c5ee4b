"""Zips of the code, and the templates that point at them, in the artifact bucket."""
