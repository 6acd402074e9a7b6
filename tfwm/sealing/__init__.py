"""What runs only with the owner's token: networks and arrays that lie encrypted in the exported graph.

| file | holds |
|---|---|
| networks.py | networks that answer noise to a wrong token |
| arrays.py | arrays that a wrong token does not open |
| seal.py | one export's key stream, and the check of a token against it |
| chacha.py | the cipher, in operations that a served graph may have |
| graphs.py | a network taken apart into operations and weights |

ChaCha20 is a stream cipher with published analysis. TensorFlow's Philox, which would be five to ten
times faster, is a statistical generator and no cipher: it would raise the cost of reading what is
sealed, no more. What sealing does not give: whoever runs the server sees the token of every request
and can then read everything, so the owner must trust the machine that he sends it to; and nothing
detects a changed word.
"""

from __future__ import annotations

from tfwm.sealing.arrays import SealedArrays
from tfwm.sealing.networks import SealedNetworks
from tfwm.sealing.seal import NONCE_BYTES, TOKEN_BYTES, Seal

__all__ = ["NONCE_BYTES", "Seal", "SealedArrays", "SealedNetworks", "TOKEN_BYTES"]
