"""What the paper prints: tables 1 to 11, as they stand there.

Two things do not fit, and are left as they are: Debone-IEEE has 47.29 dB in tables 1, 3, 5 and 6 and 47.76 in table 7;
and the caption of table 5, which varies lambda, is that of table 6, which varies the mark's size.
"""

from __future__ import annotations

COLUMNS = ("CNet", "Res9", "Res16", "UNet", "L1", "L1+adv", "L2", "L2+adv", "perc+adv")
"""Of table 2: four networks with the L2 loss, then the U-Net with five losses; UNet and L2 are one configuration."""

# PSNR in dB, SSIM, NC, SR_NC / SR_C in percent.
TABLE_1 = {
    "debone_ieee": (47.29, 0.99, 0.9999, "100 / 100"), "debone_flower": (46.36, 0.99, 0.9999, "100 / 100"),
    "debone_qr": (44.35, 0.99, 0.9999, "100 / 100"), "derain_flower": (41.21, 0.99, 0.9999, "100 / 100"),
    "derain_peppers": (40.91, 0.98, 0.9999, "100 / 100"), "derain_lena": (42.50, 0.98, 0.9999, "100 / 100"),
    "derain_ieee": (41.76, 0.98, 0.9999, "100 / 100"), "derain_qr": (40.24, 0.98, 0.9999, "100 / 100"),
}  # fmt: skip

# SR_NC / SR_C in percent by column, with the adversarial stage (True) and without it.
TABLE_2 = {
    ("debone_ieee", True): ("93 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100",
                            "100 / 100", "71 / 94"),
    ("derain_flower", True): ("100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100",
                              "100 / 100", "99 / 100", "100 / 100"),
    ("debone_ieee", False): ("0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 0", "27 / 88", "44 / 96", "0 / 0"),
    ("derain_flower", False): ("0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 0", "0 / 54"),
}  # fmt: skip

# Debone: PSNR, SSIM, NC, then SR_NC (of "ours" SR_NC / SR_C) under CNet, Res9, Res16 and UNet, in percent.
TABLE_3 = {
    "HiDDeN": (36.25, 0.94, 0.7220, "0", "0", "0", "0"),
    "HiDDeN, trained without noise": (37.23, 0.97, 0.9972, "0", "0", "0", "0"),
    "TSIW-64": (40.81, 0.95, 0.9999, "0", "0", "0", "100"),
    "ours": (47.29, 0.99, 0.9999, "93 / 100", "100 / 100", "100 / 100", "100 / 100"),
}

# Mark that overwrites: SR_NC / SR_C by default and with the defence, PSNR / SSIM of the surrogate.
TABLE_4 = {
    "none": ("100 / 100", "100 / 100", "25.40 / 0.88"), "Copyright": ("0 / 100", "100 / 100", "25.32 / 0.88"),
    "Flower": ("0 / 36", "100 / 100", "25.34 / 0.88"), "BIT": ("0 / 0", "99 / 100", "25.05 / 0.88"),
}  # fmt: skip

# Debone-IEEE by lambda: PSNR, SSIM, NC, SR_NC / SR_C.
TABLE_5 = {
    0.1: (49.82, 0.9978, 0.9998, "100 / 100"), 0.5: (48.44, 0.9969, 0.9998, "100 / 100"),
    1.0: (47.29, 0.9960, 0.9999, "100 / 100"), 2.0: (45.12, 0.9934, 0.9999, "100 / 100"),
    10.0: (43.21, 0.9836, 0.9999, "100 / 100"),
}  # fmt: skip

# Debone-IEEE by the mark's side on a canvas of 256 pixels: the same.
TABLE_6 = {
    32: (46.89, 0.9962, 0.9999, "100 / 100"), 64: (47.49, 0.9965, 0.9999, "100 / 100"),
    96: (48.06, 0.9967, 0.9999, "100 / 100"), 128: (47.68, 0.9965, 0.9999, "100 / 100"),
    256: (47.29, 0.9960, 0.9999, "100 / 100"),
}  # fmt: skip

# Debone by mark and whether one network carries many: PSNR, SSIM, SR_NC / SR_C.
TABLE_7 = {
    ("ieee", False): (47.76, 0.99, "100 / 100"), ("ieee", True): (41.87, 0.99, "100 / 100"),
    ("flower", False): (46.36, 0.99, "100 / 100"), ("flower", True): (41.67, 0.98, "100 / 100"),
}  # fmt: skip

# The same by column; in this table and in table 11 the paper has L2 before L1+adv.
COLUMNS_8 = ("CNet", "Res9", "Res16", "UNet", "L1", "L2", "L1+adv", "L2+adv", "perc+adv")
TABLE_8 = {
    ("ieee", False): ("93 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100",
                      "100 / 100", "71 / 94"),
    ("ieee", True): ("89 / 97", "90 / 95", "94 / 97", "100 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100",
                     "97 / 100"),
    ("flower", False): ("73 / 82", "83 / 88", "89 / 92", "100 / 100", "100 / 100", "100 / 100", "100 / 100",
                        "99 / 100", "100 / 100"),
    ("flower", True): ("94 / 99", "97 / 99", "97 / 100", "100 / 100", "100 / 100", "100 / 100", "100 / 100",
                       "100 / 100", "99 / 100"),
}  # fmt: skip

# Derain, against the ground truth: PSNR, SSIM, SR_NC / SR_C.
TABLE_9 = {"the host": (32.49, 0.93, None), "self-watermarked, Flower": (32.13, 0.93, "100 / 100")}

# PSNR, SSIM, SR_NC / SR_C of the marked images, and of a surrogate (Res9, L1+adv).
TABLE_10 = {"DPED": (46.60, 0.99, "100 / 100", "99 / 100"), "RTV": (44.21, 0.99, "100 / 100", "99 / 100")}

TABLE_11 = {
    "task-agnostic": ("100 / 100",) * 7 + ("99 / 100", "100 / 100"),
    "self-watermarked": ("100 / 100",) * 9,
}  # by `COLUMNS_8`

# CNet of 8 and of 256 channels: PSNR in dB, SR_NC / SR_C in percent; those between are in the figure alone.
FIGURE_10 = {8: (20.77, "3 / 18"), 256: (23.55, "99 / 100")}

# Seconds for an image of 256 x 256: embedding, extracting. Ours on a GPU, TSIW-64 on a CPU.
SECTION_4_4 = {"ours": (0.0051, 0.007), "TSIW-64": (0.0038, 0.0047)}
