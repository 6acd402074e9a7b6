"""What the tests of both runners share: a scheme of each kind, and the steps of a pipeline."""

from tfwm.types import CLASSIFICATION, RESTORATION

STEPS = [
    "ImageExampleGen", "StatisticsGen", "PictureSchema", "ExampleValidator", "DataCheck", "HostTrainer",
    "WatermarkTrainer", "RobustnessEvaluator", "ServingSmokeTest", "ReleasePapers", "Pusher",
]  # fmt: skip
SCHEMES = {RESTORATION: "deep_watermarking", CLASSIFICATION: "blind_watermark"}
