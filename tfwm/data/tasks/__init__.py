"""What restoration hosts learn from: patches of photographs (patches.py), and pairs of them (pairs.py)."""
