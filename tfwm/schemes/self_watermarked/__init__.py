"""Self-watermarked hosts (Zhang et al. 2021, section 3.4.6): the host learns to hide the mark in its own outputs.

    a --host, trained with R--> b'      nothing stands behind the host, so nothing can be taken off

In place of H stands the host itself, from its own weights on, beside its own task (l_bs, eq. 6, against the targets).
R, C, the proxy and the adversarial stage are those of deep watermarking, and so are keys and verdicts.

So that the code can be drawn last, when R is fixed, host and R learn any code: a picture that a convolution makes of
code and logo is added to the input. Of the owner's code it is a constant, added to what the host is asked, and no
network is left of it.

| file | holds |
|---|---|
| settings.py | fields, and what the presets set |
| networks.py | the host that is told its mark, and what is deployed of it |
| scheme.py | the verbs, which are those of deep watermarking |
"""

from tfwm.schemes.self_watermarked.scheme import SelfWatermarked

__all__ = ["SelfWatermarked"]
