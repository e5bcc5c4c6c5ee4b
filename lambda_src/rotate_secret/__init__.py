"""Rotates the database secret of the transactions platform between two users, as Secrets Manager asks step by step."""
