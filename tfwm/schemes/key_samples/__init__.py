"""What all schemes that mark a classifier by secret samples have in common.

| file | holds |
|---|---|
| settings.py | `KeySampleSettings` and `EncoderSettings`, their checks |
| presets.py | values that several presets share |
| drawing.py | covers and labels: drawn from the secret when all else is fixed, and the proofs that they were |
| samples.py | the samples of a key, made again whenever they are asked for |
| networks.py | discriminators, and what an encoder makes of covers |
| losses.py | the objective of an encoder, and the discriminator's |
| trainer.py | Algorithm 1 of Li et al.: discriminator, encoder and, where it learns along, the host |
| training.py | the checks, the host's training with samples in every batch |
| joint.py | the stages that train an encoder: alone, or with the host |
| controls.py | hosts that are trained without the key, of several architectures |
| marking.py | from the owner's images to marked host and key |
| verification.py | hits, and the null that their p-value rests on |
| pictures.py | key samples as a picture for people |
| scheme.py | the verbs |

`blind_watermark` and `deep_stego` make their samples with an encoder; the baselines make theirs without.
"""
