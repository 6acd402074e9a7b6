"""What a training gives: the model that is deployed, and the key."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tensorflow import keras

from tfwm.evidence.statistics import centred_nc
from tfwm.keys import OwnerKey
from tfwm.schemes.deep_watermarking import correction, structure
from tfwm.schemes.deep_watermarking.codes import correction_code, owner_code, structure_code
from tfwm.schemes.deep_watermarking.extraction import extract
from tfwm.schemes.deep_watermarking.networks import Networks, carriers, fold_carriers, host_then_embedder
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.outputs import host_outputs
from tfwm.suspects import as_float, in_batches
from tfwm.types import ImagePairs


def deployed_model(
    settings: DeepWatermarkingSettings, built: Networks, host: keras.Model | None, key: OwnerKey
) -> keras.Model:
    """The self-contained model for the owner's code; call it outside any strategy scope.

    Args:
      settings: of the scheme.
      built: the trained networks; H is taken.
      host: image -> image network, or None for H alone.
      key: decides the code, and holds the logo.
    """
    code = owner_code(settings, key)[None] if settings.coded else None
    carried = carriers(code, as_float(key.arrays["logo"]), settings.image_size, 1)[0].numpy()
    folded = fold_carriers(built.embedder, carried, settings.channels)
    return host_then_embedder(host, folded, settings.image_size, settings.residual_scale, **_carriers(settings, key))


def _carriers(settings: DeepWatermarkingSettings, key: OwnerKey) -> dict[str, keras.layers.Layer]:
    """The layers of carriers that are not trained, as far as there are any, by what `host_then_embedder` calls them."""
    layers: dict[str, keras.layers.Layer] = {}
    if settings.structure:
        functions = structure.functions_in(key, settings.structure, settings.channels)
        code = structure_code(settings, key)
        layers["structure"] = structure.residual_layer(functions, code, settings.structure_psnr, settings.channels)
    if settings.corrected:
        mixing, direction = correction.mixing_in(key), correction_code(settings, key)
        layers["correction"] = correction.residual_layer(mixing, direction, settings.correction_psnr)
    return layers


def key_of_networks(
    settings: DeepWatermarkingSettings, built: Networks, mark: np.ndarray, probes: ImagePairs,
    host: keras.Model | None, secret: bytes,
) -> OwnerKey:  # fmt: skip
    """The key; that of a coded mark has the unmarked answers to the probe images, which are bound as they are.

    Args:
      settings: of the scheme.
      built: the trained networks; R and C are kept.
      mark: uint8 `[s, s, c]`, the logo.
      probes: pairs of the owner's that nothing was trained on.
      host: image -> image network; None where the targets themselves are the unmarked outputs.
      secret: 32 bytes.
    """
    unmarked = host_outputs(host, probes)
    answers = {"unmarked": unmarked} if settings.coded else {}
    key = OwnerKey(
        settings.name, settings.to_dict(), secret, {"probes": probes.inputs, **answers, "logo": mark},
        {"extractor": built.extractor, "classifier": built.classifier},
    )  # fmt: skip
    if settings.structure:
        key = replace(key, arrays={**key.arrays, **structure.fitted(settings.structure, unmarked, secret).arrays()})
    if settings.corrected:
        key = replace(key, arrays={**key.arrays, correction.ARRAY: correction.fitted(probes.inputs, unmarked)})
    of_host = extract(settings, unmarked, key)["logo"]
    arrays = {**key.arrays, "unmarked_nc": _unmarked_nc(settings, built, key, probes.inputs, of_host)}
    return OwnerKey(key.scheme, key.settings, secret, arrays, key.networks)


def _unmarked_nc(
    settings: DeepWatermarkingSettings, built: Networks, key: OwnerKey, probes: np.ndarray, of_host: np.ndarray
) -> np.ndarray:
    """Centred NC of unmarked suspects: host, echo, mean image, noise, and the proxy told to leave the mark out."""
    mark, images = as_float(key.arrays["logo"]), as_float(probes)
    noise = np.random.default_rng(0).random(images.shape, np.float32)
    suspects = [images, np.broadcast_to(images.mean(axis=0), images.shape), noise]
    if settings.clean_outputs and settings.adversarial_stage:
        blank = np.concatenate([images, np.zeros((*images.shape[:3], settings.told), images.dtype)], axis=-1)
        suspects.append(in_batches(lambda part: built.proxy(part, training=False), blank))
    logos = [of_host] + [extract(settings, outputs, key)["logo"] for outputs in suspects]
    return np.asarray([centred_nc(logo.mean(axis=0), mark) for logo in logos], np.float32)
