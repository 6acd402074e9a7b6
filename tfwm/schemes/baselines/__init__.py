"""The methods that the papers compare with, as schemes of the same protocol.

* `label_image`: Base-1 of Quan et al. 2020; a random image answered with an image of random labels (after DeepSigns).
* `projected_label`: Base-2 of Quan et al. 2020; abstract images answered with a class, which a random projection reads
  (after Adi et al. 2018).
* `key_methods.py`: what Li et al. 2019 and DeepStego compare with on classifiers, ten methods that differ in their
  pictures alone.
"""

from tfwm.schemes.baselines.key_methods import KEY_METHODS, KeyMethod
from tfwm.schemes.baselines.label_image import LabelImage
from tfwm.schemes.baselines.projected_label import ProjectedLabel

__all__ = ["KEY_METHODS", "KeyMethod", "LabelImage", "ProjectedLabel"]
