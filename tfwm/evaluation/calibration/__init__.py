"""Is p honest? p-values where there is no mark, against uniform ones.

    WrongKeys, train_models -> calibrate -> Calibration -> page, picture

| file | holds |
|---|---|
| uniform.py | whether p-values are no smaller than uniform ones: exact, one-sided tests |
| ranks.py | the same for ranks among control models |
| wrong_keys.py | what ten thousand wrong keys say of a suspect that is asked once |
| models.py | small models that never saw the key, trained one after the other and kept |
| document.py | what was measured, as values |
| calibrate.py | all of it, kept for each model |
| page.py, picture.py | the same for people |
| overview.py | many of them in one table |

Nothing is imported here.
"""
