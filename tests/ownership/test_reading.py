"""A judge reads a bundle: whatever was changed in it, by whomever, is found, and told apart by a word."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ownership.toys import CLASSES, SAMPLES, SCHEME, SHOWN, key_of, pool, thief
from tfwm.digests import array_digest, weights_digest
from tfwm.keys import OwnerKey
from tfwm.ownership.bundle import ARRAYS, BUNDLE, FIELDS, as_text, opening_for, signed_part, write_bundle
from tfwm.ownership.commitments import commit
from tfwm.ownership.identity import fresh_signing_key
from tfwm.ownership.ledger import Block
from tfwm.ownership.reading import Evidence, read_bundle
from tfwm.ownership.signing import public_key_of, signature_of
from tfwm.schemes.key_samples.drawing import chosen_covers
from tfwm.schemes.key_samples.samples import draws_of_key
from tfwm.schemes.showing import BareNetwork
from tfwm.untrusted import UntrustedError

Change = Callable[[dict[str, Any]], Any]
ENCODER = "network-encoder.npz"
BLOCK = Block(1, SHOWN)
SIGNER = fresh_signing_key()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released model, of which only digests matter here."""
    folder = tmp_path_factory.mktemp("served") / "1"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph")
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Copy it, do not change it."""
    envelope = commit(opening_for(SCHEME, key_of()), model, "Example Labs", SIGNER)
    return write_bundle(
        tmp_path_factory.mktemp("bundles") / "bundle", SCHEME, key_of(), BLOCK, purpose="a test", commitment=envelope
    ).path


@pytest.fixture
def bundle(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "bundle"))


def code_of(bundle: Path) -> str:
    with pytest.raises(UntrustedError) as caught:
        read_bundle(bundle)
    return caught.value.code


def forged(bundle: Path, change: Change = lambda document: None, key: OwnerKey | None = None) -> Path:
    """What a liar writes who holds the key: his document with the right digests and a right signature."""
    document = json.loads((bundle / BUNDLE).read_bytes())
    document["files"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in bundle.iterdir() if path.name != BUNDLE
    }
    change(document)
    document["signature"] = signature_of(key or key_of(), signed_part(document)).hex()
    (bundle / BUNDLE).write_bytes(as_text(document))
    return bundle


def replaced(path: Path, change: Callable[[dict[str, np.ndarray]], Any]) -> None:
    """Changes the arrays of a file in place."""
    with np.load(path) as stored:
        arrays = dict(stored)
    change(arrays)
    np.savez(path, **arrays)


def test_an_honest_bundle_holds_what_it_must_and_no_more(bundle: Path) -> None:
    key, asked = key_of(), SCHEME.asked(key_of())
    evidence = read_bundle(bundle)
    shown = SCHEME.asked(evidence.key)
    block = slice(BLOCK.pieces.start, BLOCK.pieces.stop)
    np.testing.assert_array_equal(shown.images, asked.images[block])
    np.testing.assert_array_equal(shown.labels, asked.labels[block])
    assert (evidence.block, evidence.purpose) == (BLOCK, "a test")
    assert evidence.commitment is not None
    assert evidence.commitment.identity == "Example Labs"
    everything = b"".join(path.read_bytes() for path in bundle.iterdir())
    for secret in (key.secret, key.token):
        assert secret.hex().encode() not in everything
        assert secret not in everything
    unseen = [image.tobytes() for image in asked.covers.images[: BLOCK.pieces.start]]
    with np.load(bundle / ARRAYS) as stored:
        raw = b"".join(stored[name].tobytes() for name in stored.files)
    assert not any(image in raw for image in unseen)


def test_a_bundle_gives_the_verdict_of_the_pieces_that_it_shows(bundle: Path) -> None:
    verdict = SCHEME.verify(thief(key_of()), read_bundle(bundle).key)
    assert verdict.n == SHOWN
    assert verdict.log10_p == pytest.approx(-SHOWN * np.log10(CLASSES - 1))


def test_any_changed_byte_of_any_file(bundle: Path) -> None:
    for path in sorted(bundle.iterdir()):
        content = path.read_bytes()
        for place in [*range(0, len(content), max(1, len(content) // 60)), len(content) - 1]:
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert code_of(bundle), (path.name, place)
        path.write_bytes(content)
    read_bundle(bundle)


@pytest.mark.parametrize("field", sorted({*FIELDS} - {"files", "signature"}))
def test_a_changed_field_without_the_key(field: str, bundle: Path) -> None:
    document = json.loads((bundle / BUNDLE).read_bytes())
    value = document[field]
    document[field] = f"{value}x" if isinstance(value, str) else value + 1 if isinstance(value, int) else {"a": 1}
    (bundle / BUNDLE).write_bytes(as_text(document))
    assert code_of(bundle) == ("format" if field == "format" else "wrong-value" if field == "public_key" else
                               "bundle-signature")  # fmt: skip


FORGERIES: dict[str, tuple[str, Change]] = {
    "another format": ("format", lambda d: d.update(format="tfwm bundle 2")),
    "a scheme that nobody has": ("unknown-scheme", lambda d: d.update(scheme="mine")),
    "another scheme": ("settings", lambda d: d.update(scheme="trigger_image")),
    "a setting that there is not": ("settings", lambda d: d["settings"].update(more=1)),
    "a setting left out": ("settings", lambda d: d["settings"].pop("alpha")),
    "a setting of another type": ("settings", lambda d: d["settings"].update(samples="many")),
    "a setting beyond all reason": ("settings", lambda d: d["settings"].update(encoder_filters=10**9)),
    "a picture beyond all reason": ("settings", lambda d: d["settings"].update(image_size=10**5)),
    "a setting below nothing": ("settings", lambda d: d["settings"].update(encoder_filters=-1)),
    "settings that are none": ("no-object", lambda d: d.update(settings=[1])),
    "another number of samples": ("block", lambda d: d["settings"].update(samples=SAMPLES - 1)),
    "another salt": ("commitment-mismatch", lambda d: d.update(salt="00" * 32)),
    "a short salt": ("wrong-value", lambda d: d.update(salt="00")),
    "another registration": ("registration", lambda d: d.update(registration="affine")),
    "another part": ("part-mismatch", lambda d: d["parts"].update({"array/logo": "00" * 32})),
    "a part left out": ("missing-field", lambda d: d["parts"].pop("array/logo")),
    "one part more": ("unknown-field", lambda d: d["parts"].update(mine="00" * 32)),
    "another number of pieces": ("block", lambda d: d.update(count=SAMPLES + 1)),
    "another root": ("proof-mismatch", lambda d: d.update(root="00" * 32)),
    "another block": ("block", lambda d: d["block"].update(index=0)),
    "a block beyond the key": ("wrong-value", lambda d: d["block"].update(index=2)),
    "a smaller block": ("block", lambda d: d["block"].update(size=SHOWN - 1)),
    "samples chosen one by one": ("block", lambda d: (d["pieces"].pop(3), d["block"].update(size=SHOWN - 1, index=1))),
    "one sample left out": ("block", lambda d: d["pieces"].pop()),
    "one sample twice": ("block", lambda d: d["pieces"].__setitem__(1, d["pieces"][0])),
    "samples swapped": ("block", lambda d: d["pieces"].reverse()),
    "secrets swapped": ("proof-mismatch", lambda d: _swap(d, "secret")),
    "proofs swapped": ("proof-mismatch", lambda d: _swap(d, "proof")),
    "indices swapped": ("block", lambda d: _swap(d, "index")),
    "a secret of the liar's": ("proof-mismatch", lambda d: d["pieces"][0].update(secret="00" * 32)),
    "a proof without end": ("wrong-value", lambda d: d["pieces"][0].update(proof=["00" * 32] * 10_000)),
    "a proof that is none": ("wrong-value", lambda d: d["pieces"][0].update(proof="00")),
    "a field that nobody knows": ("unknown-field", lambda d: d.update(more=1)),
    "a field left out": ("missing-field", lambda d: d.pop("salt")),
    "a file that is not there": ("missing-file", lambda d: d["files"].update({"network-x.npz": "00" * 32})),
    "a file of another folder": ("unknown-field", lambda d: d["files"].update({"../bundle.json": "00" * 32})),
    "a file that is not listed": ("extra-file", lambda d: d["files"].pop("commitment.json")),
    "a purpose that is no text": ("wrong-value", lambda d: d.update(purpose="a\nb")),
    "true for one": ("wrong-value", lambda d: d["block"].update(index=True)),
}  # fmt: skip


def _swap(document: dict[str, Any], field: str) -> None:
    first, second = document["pieces"][:2]
    first[field], second[field] = second[field], first[field]


@pytest.mark.parametrize("lie", FORGERIES)
def test_a_changed_field_by_a_liar_who_holds_the_key(lie: str, bundle: Path) -> None:
    code, change = FORGERIES[lie]
    assert code_of(forged(bundle, change)) == code


def test_the_document_is_written_in_one_way_only(bundle: Path) -> None:
    document = json.loads((bundle / BUNDLE).read_bytes())
    (bundle / BUNDLE).write_text(json.dumps(document))
    assert code_of(bundle) == "not-canonical"
    text = as_text(document).decode()
    (bundle / BUNDLE).write_text(text.replace('"count":', '"count": 1,\n "count":', 1))
    assert code_of(bundle) == "duplicate-key"


def test_what_file_managers_leave_is_not_looked_at(bundle: Path) -> None:
    (bundle / ".DS_Store").write_bytes(b"litter")
    (bundle / "Thumbs.db").mkdir()
    read_bundle(bundle)


def test_files_that_are_more_fewer_or_no_files(bundle: Path, tmp_path: Path) -> None:
    (bundle / "more.txt").write_text("more")
    assert code_of(bundle) == "extra-file"
    (bundle / "more.txt").unlink()
    (bundle / ARRAYS).rename(bundle / "renamed.npz")
    assert code_of(bundle) == "missing-file"
    (bundle / "renamed.npz").rename(tmp_path / ARRAYS)
    (bundle / ARRAYS).symlink_to(tmp_path / ARRAYS)
    assert code_of(bundle) == "link"
    (bundle / ARRAYS).unlink()
    (bundle / ARRAYS).mkdir()
    assert code_of(bundle) == "odd-file"
    (bundle / ARRAYS).rmdir()
    (tmp_path / ARRAYS).rename(bundle / ARRAYS)
    read_bundle(bundle)
    (bundle / BUNDLE).unlink()
    assert code_of(bundle) == "missing-file"
    (tmp_path / "linked").symlink_to(bundle)
    assert code_of(tmp_path / "linked") == "link"


def test_arrays_that_a_judge_did_not_ask_for(bundle: Path) -> None:
    replaced(bundle / ARRAYS, lambda arrays: arrays.update(more=np.zeros(3)))
    assert code_of(forged(bundle)) == "arrays"


def test_one_cover_too_many(bundle: Path) -> None:
    replaced(bundle / ARRAYS, lambda a: a.update(covers=np.concatenate([a["covers"], a["covers"][:1]])))
    assert code_of(forged(bundle)) == "arrays"


@pytest.mark.parametrize("name", ["covers", "cover_classes", "cover_proofs"])
def test_covers_classes_and_proofs_stand_where_they_were_drawn(name: str, bundle: Path) -> None:
    replaced(bundle / ARRAYS, lambda arrays: arrays.update({name: arrays[name][::-1]}))
    assert code_of(forged(bundle)) == "not-drawn"


def test_natural_pictures_of_the_labels_class_are_not_drawn(bundle: Path) -> None:
    """The lie of keys of format 1: pictures to which everybody gives the label that the key wants."""

    def cheat(arrays: dict[str, np.ndarray]) -> None:
        labels = SCHEME.asked(read_bundle(bundle).key).labels
        arrays["covers"] = np.stack([pool().images[pool().labels == label][0] for label in labels])
        arrays["cover_classes"] = labels

    replaced(bundle / ARRAYS, cheat)
    assert code_of(forged(bundle)) == "not-drawn"


def test_a_pool_of_the_liars_own(bundle: Path, tmp_path: Path) -> None:
    """With right proofs in it, from the places that the old pool drew; and with what the new pool draws."""
    old = read_bundle(bundle).key
    mine = chosen_covers(draws_of_key(SCHEME, old), pool(2), SAMPLES)
    replaced(bundle / ARRAYS, lambda arrays: arrays.update(mine.arrays()))
    assert code_of(forged(bundle, lambda document: _parts(document, bundle))) == "not-drawn"
    envelope = (bundle / "commitment.json").read_bytes()
    anew = write_bundle(tmp_path / "anew", SCHEME, key_of(covers=2), BLOCK, commitment=envelope).path
    assert code_of(anew) == "commitment-mismatch"
    (anew / "commitment.json").unlink()
    found = SCHEME.asked(read_bundle(forged(anew, key=key_of(covers=2))).key)
    # Nine classes are drawn from for each of 30 labels: at most some of them are the same again.
    assert np.mean(found.labels == SCHEME.asked(old).labels) < 0.5


def _parts(document: dict[str, Any], bundle: Path) -> None:
    """Writes the digests of the arrays that are there now, as the liar would."""
    with np.load(bundle / ARRAYS) as stored:
        for name in ("pool_root", "pool_size", "logo"):
            document["parts"][f"array/{name}"] = array_digest(stored[name]).hex()


def test_an_encoder_swapped_after_the_commitment(bundle: Path) -> None:
    other = key_of(4).networks["encoder"]
    weights = {f"{index:05d}": weight for index, weight in enumerate(other.get_weights())}
    buffer = io.BytesIO()
    np.savez(buffer, **weights)
    (bundle / ENCODER).write_bytes(buffer.getvalue())
    assert code_of(forged(bundle)) == "part-mismatch"
    new = weights_digest(other).hex()
    # With the digest mended: another encoder draws other covers; a liar who mends these too has no commitment to it.
    assert code_of(forged(bundle, lambda d: d["parts"].update({"network/encoder": new}))) == "not-drawn"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda a: a.popitem(), "not-drawn"),
        (lambda a: a.update({"00000": a["00000"][..., :1]}), "not-drawn"),
        (lambda a: a.update(mine=np.zeros(1)), "networks"),
    ],
)
def test_weights_that_fit_no_network_of_the_settings(change, code: str, bundle: Path) -> None:
    replaced(bundle / ENCODER, change)

    def mend(document: dict[str, Any]) -> None:
        with np.load(bundle / ENCODER) as stored:
            bare = BareNetwork("encoder", tuple(stored[name] for name in stored.files))
        document["parts"]["network/encoder"] = weights_digest(bare).hex()  # type: ignore[arg-type]

    assert code_of(forged(bundle, mend)) == code


def test_networks_and_arrays_that_are_no_arrays(bundle: Path) -> None:
    (bundle / ENCODER).write_bytes(b"PK\x03\x04")
    assert code_of(forged(bundle)) == "arrays"
    (bundle / ENCODER).rename(bundle / "network-other.npz")
    assert code_of(forged(bundle)) == "networks"


def test_a_copied_commitment(bundle: Path, model: Path, tmp_path: Path) -> None:
    """Somebody else's envelope beside a key of the liar's own."""
    mine = write_bundle(
        tmp_path / "mine", SCHEME, key_of(5), BLOCK, commitment=(bundle / "commitment.json").read_bytes()
    )
    assert code_of(mine.path) == "commitment-mismatch"


def test_a_copied_bundle_under_the_liars_name(bundle: Path) -> None:
    """He signs it with a key of his own: the commitment then is to somebody else's."""
    liar = key_of(5)
    assert code_of(forged(bundle, key=liar)) == "bundle-signature"
    public = public_key_of(liar).hex()
    assert code_of(forged(bundle, lambda d: d.update(public_key=public), liar)) == "commitment-mismatch"


def test_evidence_without_a_commitment_is_evidence_without_a_time(bundle: Path) -> None:
    (bundle / "commitment.json").unlink()
    evidence: Evidence = read_bundle(forged(bundle))
    assert (evidence.commitment, evidence.timestamp) == (None, None)
    (bundle / "commitment.tsr").write_bytes(b"token")
    assert code_of(forged(bundle)) == "missing-file"
