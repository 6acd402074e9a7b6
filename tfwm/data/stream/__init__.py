"""The training stream: batches that depend on nothing but the seed and the step, and draws inside it."""
