"""What a key of secret images is drawn from: its secret, and nothing else that its owner could choose.

Images, labels and bits are all there is, and they follow from the secret whatever the settings are. So these stay out
of the draw: networks that were trained in another way can be asked for the same images.
"""

from __future__ import annotations

from tfwm.evidence.binding import Draws, draws_for, draws_of, pieces_of
from tfwm.keys import OwnerKey


def new_draws(scheme: str, secret: bytes, pieces: int) -> Draws:
    """The draws of a key that is being made.

    Args:
      scheme: its name.
      secret: the master secret, 32 bytes.
      pieces: how many the scheme's settings give it.
    """
    return draws_for(scheme, {}, pieces_of(secret, pieces))


def draws_in(key: OwnerKey, pieces: int) -> Draws:
    """The draws of a key.

    Args:
      key: the owner's, or what he revealed of it.
      pieces: how many the scheme's settings give it.

    Raises:
      InvalidKeyError: a revealed key with another number of pieces.
    """
    return draws_of(key, pieces, settings={})
