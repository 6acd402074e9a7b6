"""From a `PipelineConfig` to the arguments of `create_pipeline`."""

from __future__ import annotations

from typing import Any

from pipelines.beam import check_beam_args, completed
from pipelines.configs import PipelineConfig
from tfwm.attacks import attack_to_dict
from tfwm.components.examples import listing_digest
from tfwm.components.secret import fingerprint, owner_secret
from tfwm.components.settings import files_digest, to_json
from tfwm.components.smoke import server_digest
from tfwm.config import to_dict
from tfwm.digests import code_digest
from tfwm.evaluation.page import TEMPLATES
from tfwm.schemes import scheme_to_dict

IMAGE = "tfwm:latest"  # as `make docker-image` calls it


def arguments_of(config: PipelineConfig) -> dict[str, Any]:
    """Plain texts and numbers: equal configurations give equal arguments, so that the cache finds them."""
    scheme, attacks = scheme_to_dict(config.scheme), [attack_to_dict(attack) for attack in config.attacks]
    return {
        "name": config.name,
        "pipeline_root": str(config.pipeline_root),
        "data": str(config.data),
        "serving_dir": str(config.serving_dir),
        "work_dir": str(config.work_dir),
        "data_version": "",
        "kind": config.kind.name,
        "host": to_json(to_dict(config.host)),
        "host_path": config.host_path,
        "reuse_host": config.reuse_host,
        "host_digest": files_digest(also=config.host_path),
        "scheme": to_json(scheme),
        "scheme_digest": files_digest(scheme),
        "secret_file": config.secret_file,
        "public": config.public,
        "channels": config.channels,
        "attacks": to_json(attacks),
        "attacks_digest": files_digest(attacks),
        "policy": to_json(to_dict(config.policy)),
        "wrong_keys": config.wrong_keys,
        "attack_seeds": config.attack_seeds,
        "training_attacks_at_once": config.training_attacks_at_once,
        "machine": to_json(to_dict(config.machine)),
        "seed": config.seed,
        "validate": config.validate,
        "data_limits": to_json(to_dict(config.data_limits)),
        "serving_check": config.serving_check,
        "code_version": code_digest(),
        "papers_version": f"{code_digest()}-{files_digest(also=str(TEMPLATES))}",
        "server_version": f"{code_digest()}-{server_digest()}",
        "enable_cache": config.enable_cache,
        "beam_args": config.beam_args,
    }


def local_arguments(config: PipelineConfig) -> dict[str, Any]:
    """The arguments of a run on this machine, where the data and the secret are at hand: both count for the cache.

    Draws the secret where none was given and none is kept yet. Its fingerprint goes into `scheme_digest`: another
    secret is another model.

    Raises:
      ValueError: Beam's workers would be elsewhere, where the root is not.
    """
    check_beam_args(config.beam_args, str(config.root))
    arguments = arguments_of(config)
    secret = owner_secret(config.secret_file, config.work_dir)
    return {
        **arguments,
        "beam_args": completed(config.beam_args, IMAGE) if config.beam_args else (),
        "data_version": listing_digest(config.data, config.kind.name),
        "scheme_digest": f"{arguments['scheme_digest']}-{fingerprint(secret)}",
    }
