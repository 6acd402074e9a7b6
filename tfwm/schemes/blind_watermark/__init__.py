"""Blind watermark: key samples that look like ordinary ones, and answer with secret labels.

Li, Hu, Zhang, Guo: "How to Prove Your Model Belongs to You: A Blind-Watermark based Framework to Protect
Intellectual Property of DNN", ACSAC 2019.

An encoder e hides the owner's logo l in 1 % of the training images: x_key = e(x, l). A discriminator keeps samples and
ordinary images alike (eq. 10, 11); the host h learns a label t_key for each sample beside its own task (eq. 13). The
encoder minimises (eq. 15)

    alpha |x - x_key|^2 + beta (1 - SSIM) + gamma (-log d(x_key)) + delta (-log h(x_key)[t_key])

Ownership is claimed where a suspect gives the samples their labels.

| | as published (`labels="joint"`) | labels last (`labels="last"`, the default of `fast`) |
|---|---|---|
| encoder | trained with the host, towards the labels (delta) | trained alone: no label exists yet |
| labels | drawn before | drawn from the secret and the frozen encoder |
| host | trained along, Algorithm 1 | trained on the finished samples |
| hits of a stranger | unknown: samples may be adversarial, and transfer | at most Bin(n, 1 / (classes - 1)) |
| p-value | a rank among control models, never below 1 / (m + 1) | exact binomial tail |

| file | holds |
|---|---|
| settings.py | fields, their checks, the presets; those of ../key_samples/settings.py are among them |
| networks.py | the encoder (appendix A.1) |
| scheme.py | the verbs; most are those of ../key_samples/scheme.py |
"""

from tfwm.schemes.blind_watermark.scheme import BlindWatermark

__all__ = ["BlindWatermark"]
