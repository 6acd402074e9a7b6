"""Networks that hide a mark and read it."""
