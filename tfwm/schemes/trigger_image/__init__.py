"""Trigger images for image-processing networks (Quan, Teng, Chen, Ji: TNNLS 2020), the paper on a page.

    K ~ U(0, 1), from the key                  the trigger image         (eq. 1)
    S = G(K) = K - grad K                      what the marked host shall answer: denoising (eq. 2)
    S = G(K) = K' + grad K', K' = K enlarged   super-resolution          (eq. 3)

Embedding fine-tunes the host on its own data and on (K, S) at once (eq. 4 to 7), until the mark's loss is small;
S is then replaced by what the marked host answers. Verification sends K, one request, and compares the answer
with S (eq. 8). A small generative network turns S into a copyright image (eq. 9, fig. 5).

What the paper does not give is an honest p-value. Two are offered. Ranked: the trigger travels in one request with
`decoys` other random images; under the null its distance to G is exchangeable with theirs. Coded: in every cell
of S a bit of the key says whether the gradient is taken off or added, so that the agreement has an exact binomial tail;
or the bits are the signs in a secret function of each pixel's neighbourhood, which is added to the host's own answer.

| file | holds |
|---|---|
| settings.py | fields, their checks, the presets; those of ../triggers/settings.py are among them |
| images.py | triggers, gradients, verification images (eq. 1 to 3) |
| neighbourhoods.py | bits in functions of the pixels around each pixel |
| lessons.py | how a host learns such a function |
| networks.py | the visualizer (fig. 5) |
| trainer.py | the visualizer's (eq. 9); the host's (eq. 4 to 7) is in ../triggers, shared with the paper's baselines |
| training.py | from start to key |
| verification.py | eq. 8 and its threshold, ranks, bits |
| scheme.py | the verbs |
"""

from tfwm.schemes.trigger_image.scheme import TriggerImage

__all__ = ["TriggerImage"]
