"""Deep watermarking (Zhang, Chen, Liao, Zhang, Feng, Hua, Yu: TPAMI 2021), the paper on a page.

    a --host--> b --H--> b'      what users, and thieves, receive
                         |--R--> the mark           (l_wm, eq. 9; l_cst, eq. 10)
    a, b ------------------R--> a blank image       (l_clean, eq. 9)

A thief trains a surrogate on (a, b'). The mark is part of what lowers his loss, so his network learns
it, and R reads it from his outputs too.

Initial stage: H, R and a discriminator D together (eq. 4 to 11). Adversarial stage: R again, on outputs
of a proxy surrogate as well (eq. 12), with a classifier C that says marked or not (eq. 14).

One network carries the marks of several releases (section 3.4.5): a logo for each, of which a batch draws, or nothing
but a code each.

Beside the paper's logo marks there are coded marks: H and R are trained on fresh random codes, the owner's
code comes from the key and R never saw it, so the p-value is an exact binomial tail. A logo mark's is a rank among
unmarked restoration networks that the owner trains for it. A coded mark may have bits in structure besides (not in the
paper): they follow what a picture shows and not where, so wrappers around the model leave them.
`docs/design-of-marks.md` says what each part is for.

| file | holds |
|---|---|
| settings.py | fields, and what follows from them |
| checks.py | what they must fulfil |
| presets.py | what the presets set, and why |
| networks.py | H with its carriers, R, D, C and the proxy, the deployed model |
| losses.py | eq. 6 to 14, one value per example |
| distortions.py | between H and R in training |
| overwriting.py | and a network that hides other marks over the owner's |
| marker.py | what a batch draws, and H on it |
| trainer.py | one private Keras model per stage |
| classifier_trainer.py | another, for C alone where there is no adversarial stage |
| pictures.py | TensorBoard grids |
| marks.py | the owner's picture, padded and checked |
| released.py | the model that is deployed, and the key |
| training.py | from start to key |
| controls.py | unmarked networks that are trained for a logo mark |
| structure.py | bits that are tied to what a picture shows |
| codes.py | what the key's secret draws, and from what |
| extraction.py | what R reads, in any view of the answers |
| ranking.py | the rank of a logo mark among unmarked networks |
| readings.py | the code map and the bits in structure, in one exact test |
| verification.py | verdicts on coded marks and on logos |
| usual.py | what is tried against a mark where nothing is named |
| scheme.py | the verbs |
"""

from tfwm.schemes.deep_watermarking.scheme import DeepWatermarking

__all__ = ["DeepWatermarking"]
