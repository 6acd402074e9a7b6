"""What a thief puts around a stolen model in a line of his own: other requests, answers put back, no training.

| file | holds |
|---|---|
| asking.py | what all of them share: the wrapped suspect, and asking for pictures of any size |
| orientations.py | mirrors and quarter turns, and the mean over the eight orientations |
| cutting.py | tiles, and a border that is cut off again |
| moving.py | shifts, other sizes, and the mean over shifts |
| recolouring.py | other orders of colour channels, the mean over them, and negatives |
| toning.py | darker requests, other gammas, another white balance |
| correcting.py | corrections made grey, colours fitted to the thief's own pairs |
| residuals.py | what the answers have in common, estimated and subtracted |
| scores.py | classifiers: moved requests, the mean of the scores of several, and the class alone |
"""
