"""What every paper's experiments run on: cache, findings, result files."""
