"""Batches for training that depend on nothing but the seed and the step, and random numbers inside of them.

| file | holds |
|---|---|
| batches.py | `batches`, the stream itself |
| draws.py | random numbers for each example |
| augment.py | random crops and mirror images |
"""
