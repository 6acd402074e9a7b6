"""DeepStego: stego images that carry the owner's logo unseen, and answer with secret labels.

Li, Guo: "DeepStego: Protecting Intellectual Property of Deep Neural Networks by Steganography", arXiv 1903.01743, 2019.

A stego-model S hides the logo in cover images: I' = S(I, logo). A discriminator is trained against it, and the host
learns a label for each stego image beside its own task. S minimises (eq. 3 to 5)

    gamma (alpha MSE(I, I') + beta (1 - SSIM(I, I'))) + delta log(1 - p(I'))

with no term of the host's: the stego images know nothing of the labels. But nobody can see that from outside, so as
published (`labels="joint"`) the p-value is a rank among control hosts; where the labels come last (`labels="last"`,
the default of `fast`) an independent model answers at most Bin(n, 1 / (classes - 1)) of them, exactly.

| file | holds |
|---|---|
| settings.py | fields, their checks, the presets; those of ../key_samples/settings.py are among them |
| networks.py | the stego-model (section 4.1) |
| scheme.py | the verbs; most are those of ../key_samples/scheme.py |
"""

from tfwm.schemes.deep_stego.scheme import DeepStego

__all__ = ["DeepStego"]
