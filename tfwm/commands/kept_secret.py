"""The secret of a marking that is not finished: drawn once, and the same when the same command goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfwm.training import Worker

SECRET = "secret.hex"
WAIT_S = 600.0  # that another worker than the chief waits for the chief's


def secret_of(folder: Path, worker: Worker) -> bytes:
    """The secret of a marking: the chief's, which other workers find in the folder that all of them share.

    Args:
      folder: as `kept_secret` takes it.
      worker: this one.

    Raises:
      TimeoutError: the chief has put none there.
      ValueError: the file holds something else.
    """
    waited_until = time.monotonic() + WAIT_S
    while not worker.is_chief and not (folder / SECRET).is_file():
        if time.monotonic() > waited_until:
            raise TimeoutError(
                f"`{folder / SECRET}` is not there after {WAIT_S:.0f} s: the chief draws the secret in the folder that "
                "all workers share. Give all of them the same `--out`, on a volume that all of them mount."
            )
        time.sleep(0.2)
    return kept_secret(folder)


def kept_secret(folder: Path) -> bytes:
    """32 bytes, drawn by the first call and kept in the folder until `written` deletes them.

    Why: checkpoints of a killed training fit no other secret, so the same command again must go on with the same one.

    Args:
      folder: the private folder of checkpoints; it is there.
    """
    from tfwm.files import replacing
    from tfwm.keys import SECRET_BYTES, new_secret

    path = folder / SECRET
    if not path.is_file():
        # mkstemp makes files that their owner alone can read.
        with replacing(path) as temporary:
            temporary.write_text(new_secret().hex(), encoding="ascii")
    text = path.read_text(encoding="ascii")
    if len(text) != 2 * SECRET_BYTES:
        raise ValueError(f"`{path}` must hold {2 * SECRET_BYTES} hex digits. Delete it, and the marking starts anew.")
    return bytes.fromhex(text)
