"""Endpoints that avoid answering what looks like a key."""
