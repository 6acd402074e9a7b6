"""Spread-spectrum marks of outputs: what Zhang et al. (TPAMI 2021, section 4.4) compare deep watermarking with.

    b' = b + T^-1(alpha * sum over bits of m[i] C[i])               pixels, dct   (eq. 3: C_1 = C, C_0 = -C)
    b' = T^-1(T(b) * (1 + alpha * sum over bits of m[i] C[i]))      dft, dwt

Each coefficient of a transform T belongs to one bit i of the message m, and has a secret sign in that bit's carrier
C[i]. In `pixels` a bit's coefficients are a block of the picture, as in eq. 3; elsewhere they lie scattered over the
band that the method changes. Nothing is trained: the strength alpha follows from the decibels that the mark may cost.

The paper gives no settings of these methods, and names works of which each has more than a mark: points of interest to
hold on to, templates against turns, a log-polar map. What stands here is their way of marking coefficients. It is
published for single pictures and reads blindly. As marks of models they read what a suspect's answers have in common,
less what the unmarked host's have, as `deep_watermarking` does: the comparison is then one of the carriers alone. With
`blind` they read as published; the share of single pictures that are read so is in every verdict (`sr_nc`).

| file | holds |
|---|---|
| settings.py | fields, presets and the four methods |
| carriers.py | which coefficient is whose, and with which sign; the pattern of a message; reading |
| scheme.py | how outputs are marked and read |
"""

from tfwm.schemes.spread_spectrum.scheme import DctMark, DftMark, DwtMark, SpreadSpectrum

__all__ = ["DctMark", "DftMark", "DwtMark", "SpreadSpectrum"]
