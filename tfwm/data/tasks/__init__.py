"""What hosts learn.

| file | holds |
|---|---|
| relative_variation.py | smoothing by relative total variation, an algorithm without a model |
| pairs.py | `TASKS`: what each task of restoration hosts makes of clean pictures, and pairs of both |
| rain.py, ribs.py | the light of synthetic rain and ribs, which two of these tasks add |
| patches.py | patches for training, cut from photographs |
| trial.py | a task for trials of classifiers: which photograph is this patch from? |
| digits.py | another one: handwritten digits |
"""
