"""What all schemes that mark a classifier by secret samples have in common.

| file | holds |
|---|---|
| scheme.py | `KeySampleScheme`: the settings and the verbs `verify`, `decoy`, `reading` |
| drawing.py | covers and labels, a function of the secret alone |
| embedding.py | the checks, the host's training with samples in every batch, the key |
| verification.py | hits, and the null that their p-value rests on |
| encoding.py | `EncoderSettings`, the objective of an encoder, and what it makes of covers |
| networks.py | discriminators |
| trainer.py | Algorithm 1 of Li et al.: discriminator, encoder and, where it learns along, the host |
| joint.py | the stages that run it: the encoder alone, or with the host |

`blind_watermark` and `deep_stego` make their samples with an encoder; the baselines make theirs without.
"""

from tfwm.schemes.key_samples.scheme import KeySampleScheme

__all__ = ["KeySampleScheme"]
