"""The pipeline: `configs` says what, `pipeline` wires it, the runners run or compile it."""
