"""Networks that hide a mark in images and read it from them, and those that judge them in training."""
