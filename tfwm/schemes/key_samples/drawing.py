"""Which of the owner's images become key samples and which label each is given: all of it follows from the key.

The pool is every labelled image that a cover may be drawn from. Its Merkle root is part of what everything is drawn
from, so that nobody can put his images where they would suit him. A cover is drawn from a stretch of the pool of its
own, so that no two samples share one, and its label from the classes that it does not have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tfwm.digests import array_digest, framed
from tfwm.evidence import merkle
from tfwm.evidence.binding import Draws
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.wrong_keys import wrong_secret
from tfwm.types import LabelledImages

POOL_TAG = b"tfwm pool 1"


@dataclass(frozen=True)
class Covers:
    """Images of the pool, each with the proof that it stands in its place there.

    Args:
      images: uint8 `[n, h, w, c]`.
      classes: what the owner says is on them, int64 `[n]`.
      proofs: uint8 `[n, depth, 32]`.
      pool_root: 32 bytes.
      pool_size: how many images the pool has.
    """

    images: np.ndarray
    classes: np.ndarray
    proofs: np.ndarray
    pool_root: bytes
    pool_size: int

    def arrays(self) -> dict[str, np.ndarray]:
        """As they stand in a key."""
        return {
            "covers": self.images, "cover_classes": self.classes, "cover_proofs": self.proofs,
            "pool_root": np.frombuffer(self.pool_root, np.uint8), "pool_size": np.array([self.pool_size], np.int64),
        }  # fmt: skip


def pool_digest(root: bytes, size: int) -> bytes:
    """What stands for a pool among the parts that all draws depend on, 32 bytes.

    Args:
      root: of the tree over its images.
      size: how many images it has.
    """
    return array_digest(np.frombuffer(framed(POOL_TAG, root, size.to_bytes(8, "big")), np.uint8))


def pool_leaves(images: np.ndarray, classes: np.ndarray) -> list[bytes]:
    """The leaves of the tree over images and their classes.

    Args:
      images: uint8 `[n, h, w, c]`.
      classes: whole numbers `[n]`.
    """
    shape = repr(list(images.shape[1:])).encode()
    return [
        merkle.leaf_hash(framed(POOL_TAG, int(label).to_bytes(8, "big"), shape, image.tobytes()))
        for image, label in zip(images, classes, strict=True)
    ]


def cover_places(draws: Draws, count: int, size: int) -> np.ndarray:
    """Where in the pool the covers of the pieces at hand stand, int64 `[pieces]`.

    Args:
      draws: of the key.
      count: samples of the key.
      size: of the pool.

    Raises:
      InvalidKeyError: fewer images than samples.
    """
    if size < count:
        raise InvalidKeyError(f"the pool of the key must hold at least {count} covers, one a sample, got {size}.")
    stretches = [(piece * size // count, (piece + 1) * size // count) for piece in draws.pieces]
    return np.array(
        [draws.generator("key_samples/cover", p).integers(*s) for p, s in zip(draws.pieces, stretches)], np.int64
    )


def key_labels(draws: Draws, own: np.ndarray, classes: int) -> np.ndarray:
    """One label for each piece at hand, int64 `[pieces]`: uniform over the classes that its cover does not have.

    Whatever classes an owner says his covers have, and whatever a model that knows nothing of the secret answers, it
    agrees with each label by a chance of at most `label_chance(classes)`. With two classes the other one would be no
    secret, so both are drawn from.

    Args:
      draws: of the key.
      own: classes of the covers, int64 `[pieces]`.
      classes: of the task.

    Paper: Li et al. 2019, section 5.1, "we randomly select a target label"; here by a keyed generator.
    """
    many = classes if classes == 2 else classes - 1
    drawn = [draws.generator("key_samples/label", piece).integers(many) for piece in draws.pieces]
    return np.array([d + (classes > 2 and d >= o) for d, o in zip(drawn, own, strict=True)], np.int64)


def label_chance(classes: int) -> float:
    """How often a model that knows nothing of the secret gives a sample its label at most."""
    return 0.5 if classes == 2 else 1 / (classes - 1)


def chosen_covers(draws: Draws, data: LabelledImages, count: int) -> Covers:
    """The covers that a new key draws from the owner's images.

    Args:
      draws: of the key.
      data: the pool, at least `count` images.
      count: samples of the key.
    """
    leaves = pool_leaves(data.images, data.labels)
    places = cover_places(draws, count, len(data))
    return Covers(
        data.images[places], data.labels[places], merkle.proofs(leaves, places), merkle.root(leaves), len(data)
    )


def covers_in(key: OwnerKey, classes: int) -> Covers:
    """The covers as they stand in a key, not yet compared with the pool; see `check_places`.

    Args:
      key: the owner's.
      classes: of the task.

    Raises:
      InvalidKeyError: a part is missing or has another form.
    """
    images, labels = key.array("covers", "u", 4), key.array("cover_classes", "iu", 1)
    proofs, root = key.array("cover_proofs", "u", 3), key.array("pool_root", "u", 1)
    size = key.array("pool_size", "i", 1)
    fits = len(images) == len(labels) == len(proofs) and root.size == merkle.BYTES and size.size == 1 and size[0] > 0
    if not fits or images.dtype != np.uint8 or (len(labels) and not 0 <= labels.min() <= labels.max() < classes):
        raise InvalidKeyError(
            f"the key {key.fingerprint} must hold covers, a class in [0, {classes - 1}] and a proof for each, and the "
            f"root and the size of their pool, got {len(images)} covers, {len(labels)} classes, {len(proofs)} proofs."
        )
    return Covers(images, labels.astype(np.int64), proofs, root.tobytes(), int(size[0]))


def check_places(covers: Covers, places: np.ndarray) -> None:
    """Refuses covers that do not stand where the key draws them.

    Args:
      covers: of the key.
      places: where they should stand, `[n]`.

    Raises:
      InvalidKeyError: another number of them, or one that the pool does not have in that place.
    """
    leaves = pool_leaves(covers.images, covers.classes)
    if len(leaves) != len(places):
        raise InvalidKeyError(f"the key must hold {len(places)} covers, one a sample, got {len(leaves)}.")
    for row, (leaf, place, proof) in enumerate(zip(leaves, places, covers.proofs)):
        if not merkle.check(covers.pool_root, covers.pool_size, int(place), leaf, proof):
            raise InvalidKeyError(
                f"cover {row} of the key is not the one that its secret draws from the pool (place {place} of "
                f"{covers.pool_size}): the samples of this key were chosen, not drawn."
            )


def relabelled(key: OwnerKey, seed: int, classes: int) -> OwnerKey:
    """A wrong key: the owner's covers as a pool of their own, from which another secret draws all of them.

    Args:
      key: the owner's.
      seed: numbers the decoys of a key.
      classes: of the task.
    """
    covers = covers_in(key, classes)
    leaves = pool_leaves(covers.images, covers.classes)
    own = replace(
        covers, proofs=merkle.proofs(leaves, range(len(leaves))), pool_root=merkle.root(leaves), pool_size=len(leaves)
    )
    return replace(key, secret=wrong_secret(key, seed), arrays={**key.arrays, **own.arrays()}, revealed=None)
