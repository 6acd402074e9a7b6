"""The methods that the papers compare with, as schemes of the same protocol.

* `label_image`: Base-1 of Quan et al. 2020; a random image answered with an image of random labels (after DeepSigns).
* `projected_label`: Base-2 of Quan et al. 2020; abstract images answered with a class, which a random projection reads
  (after Adi et al. 2018).
"""

from tfwm.schemes.baselines.label_image import LabelImage
from tfwm.schemes.baselines.projected_label import ProjectedLabel

__all__ = ["LabelImage", "ProjectedLabel"]
