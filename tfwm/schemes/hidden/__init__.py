"""HiDDeN (Zhu, Kaplan, Johnson, Fei-Fei: ECCV 2018) behind a model, as Zhang et al. (TPAMI 2021) compare with it.

    b --encoder(message)--> b' --noise--> decoder --> message
    b, b' ------------------> discriminator

Encoder and decoder are trained on the host's outputs with fresh messages; the key's own is drawn when the decoder is
fixed, so it never saw it. Without noise the encoder hides bits in what the eye hardly sees and any change of the
picture loses; with it ("combined") each picture of a batch suffers one of six kinds. Deviations: a picture that is
cropped keeps its size and is grey outside the crop; each picture, not each batch, draws its noise.

| file | holds |
|---|---|
| settings.py | fields, their checks and the presets |
| noise.py | what happens to marked pictures before the decoder sees them |
| networks.py | encoder, decoder, discriminator; the encoder for one message |
| trainer.py | one step of all three |
| scheme.py | how outputs are marked and read |
"""

from tfwm.schemes.hidden.scheme import Hidden

__all__ = ["Hidden"]
