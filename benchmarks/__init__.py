"""Speed figures, each one command; `python -m benchmarks` runs them all."""
