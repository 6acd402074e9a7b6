"""How `tfwm protect` trains and marks: `images` for restoration networks, `classifiers` for classifiers.

Both have `protect(arguments, out) -> Protected`; what they share is in `outcome`.
"""
