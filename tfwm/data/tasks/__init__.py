"""Tasks of restoration: patches of photographs, and pairs that a host learns from."""
