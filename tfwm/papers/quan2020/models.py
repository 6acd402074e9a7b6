"""The paper's hosts, marked hosts and controls, each trained once: every experiment takes them from the cache."""

from __future__ import annotations

from tfwm.attacks import FineTune
from tfwm.config import to_dict
from tfwm.keys import new_secret
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.hosts import TrainedHosts
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.scales import Mark, host_settings, trigger_scheme
from tfwm.suspects import KerasSuspect
from tfwm.types import RESTORATION

KEY_SEED = 1_000  # secrets of the experiments: repeatable, and worth nothing elsewhere

TRAINED = TrainedHosts(RESTORATION, "host", host_settings, training_pairs)


def marked_host(context: Context, name: str, scheme: Mark, *, key: int = 0, seed: int = 0) -> Subject:
    """A marked host and its key.

    Args:
      context: of the experiment.
      name: of the host.
      scheme: that marks it, with all its settings.
      key: which owner's; every number is another secret.
      seed: tells several hosts of one name apart.
    """
    owner = key + 10 * context.seeds[0]
    label = f"{scheme.name}, lambda {scheme.strength:g}, trigger {scheme.trigger_size}, key {key}"
    return TRAINED.marked(context, name, scheme, label, secret=new_secret(KEY_SEED + owner), seed=seed, key=owner)


def control_host(context: Context, name: str) -> Subject:
    """The control beside a marked host: fine-tuned on its own data as long as an embedding takes, without a mark.

    Args:
      context: of the experiment.
      name: of the host.
    """
    scheme = trigger_scheme(context, name)
    attack = FineTune(schedule=scheme.embedding, sigma=scheme.sigma, freeze_statistics=True)
    return TRAINED.control(
        context, name, "tuned on without a mark",
        lambda host, run: attack(KerasSuspect("host", host), training_pairs(context, name), run).model,
        schedule=to_dict(attack),
    )  # fmt: skip
