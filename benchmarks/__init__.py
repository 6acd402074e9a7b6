"""Speed figures, each one command; `python -m benchmarks` runs them all."""

import os

import serving  # noqa: F401  for the warnings that it leaves out, before TensorFlow is loaded

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
