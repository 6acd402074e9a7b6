"""The peer: one training step of H, R and D of Zhang et al. 2021 in plain PyTorch, at the sizes of the authors' code.

Stands alone: it runs in a virtual environment that holds only torch and numpy. As a worker it prints
one JSON line when it is ready, then reads a number of steps per line and answers with their wall and processor seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import torch
import torch.nn.functional as functional
from torch import nn

DILATIONS = (2, 2, 2, 2, 4, 4, 4, 4, 1)


def half(inputs: int, outputs: int, *, act: bool = True, norm: bool = True) -> nn.Sequential:
    """A level of the U-Net that halves the image.

    Args:
      inputs: channels that come in.
      outputs: channels that go out.
      act: whether it begins with LeakyReLU.
      norm: whether it ends with batch normalisation.
    """
    layers = [nn.LeakyReLU(0.2)] if act else []
    layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
    return nn.Sequential(*layers, *([nn.BatchNorm2d(outputs)] if norm else []))


def double(inputs: int, outputs: int) -> nn.Sequential:
    """A level of the U-Net that doubles the image.

    Args:
      inputs: channels that come in.
      outputs: channels that go out.
    """
    up = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
    return nn.Sequential(nn.ReLU(), up, nn.BatchNorm2d(outputs))


class UNet(nn.Module):
    """The embedder H, a U-Net with skips by concatenation."""

    def __init__(self, filters: int, downs: int) -> None:
        super().__init__()
        widths = [filters * min(2**level, 8) for level in range(downs)]
        self.downs = nn.ModuleList([half(6, widths[0], act=False, norm=False)])
        for level in range(1, downs):
            self.downs.append(half(widths[level - 1], widths[level], norm=level < downs - 1))
        self.ups = nn.ModuleList()
        for level in range(downs - 1, 0, -1):
            joined = widths[level] if level == downs - 1 else 2 * widths[level]
            self.ups.append(double(joined, widths[level - 1]))
        self.last = nn.ConvTranspose2d(2 * filters, 3, 4, 2, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        levels = [image]
        for down in self.downs:
            levels.append(down(levels[-1]))
        x = levels.pop()
        for up in self.ups:
            x = torch.cat([levels.pop(), up(x)], 1)
        return torch.sigmoid(self.last(functional.relu(x)))


class Block(nn.Module):
    """A residual block of the extractor."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers.append(nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False))
            layers += [nn.InstanceNorm2d(width, affine=True), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(x + self.layers(x))


def unit(convolution: nn.Module, width: int) -> list[nn.Module]:
    """A convolution of the extractor with its normalisation and ReLU.

    Args:
      convolution: the layer.
      width: its output channels.
    """
    return [convolution, nn.InstanceNorm2d(width, affine=True), nn.ReLU()]


def extractor(width: int) -> nn.Sequential:
    """The extractor R, with so many channels in every inner layer."""
    return nn.Sequential(
        *unit(nn.Conv2d(3, width, 3, 1, 1, bias=False), width),
        *unit(nn.Conv2d(width, width, 3, 1, 1, bias=False), width),
        *unit(nn.Conv2d(width, width, 3, 2, 1, bias=False), width),
        *[Block(width, dilation) for dilation in DILATIONS],
        *unit(nn.ConvTranspose2d(width, width, 4, 2, 1), width),
        *unit(nn.Conv2d(width, width, 3, 1, 1), width),
        nn.Conv2d(width, 3, 1),
        nn.ReLU(),
    )


def discriminator(filters: int = 64) -> nn.Sequential:
    """The discriminator D, with so many channels in its first layer."""
    layers: list[nn.Module] = [nn.Conv2d(3, filters, 3, 2, 1), nn.LeakyReLU(0.2)]
    for width in (filters, 2 * filters, 4 * filters):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(8 * filters, 1, 3, 1, 1))


def squared_distance(images: torch.Tensor, value: float) -> torch.Tensor:
    """The mean squared distance of images to a constant, a scalar.

    Args:
      images: of any shape.
      value: the constant.
    """
    return ((images - value) ** 2).mean()


class Step:
    """One step of H and R on eq. 4, then one of D on eq. 8 (least squares), as the authors weigh them."""

    def __init__(self, side: int, batch: int, filters: int, channels: int, downs: int) -> None:
        self.h, self.r, self.d = UNet(filters, downs), extractor(channels), discriminator()
        main = [*self.h.parameters(), *self.r.parameters()]
        self.main = torch.optim.Adam(main, 2e-4, betas=(0.5, 0.999))
        self.second = torch.optim.Adam(self.d.parameters(), 2e-4, betas=(0.5, 0.999))
        self.inputs, self.outputs = torch.rand(batch, 3, side, side), torch.rand(batch, 3, side, side)
        self.mark = torch.rand(1, 3, side, side).expand(batch, -1, -1, -1)

    def __call__(self) -> None:
        marked = self.h(torch.cat([self.outputs, self.mark], 1))
        extracted = self.r(marked)
        middle = len(marked) // 2
        loss = 1e4 * functional.mse_loss(marked, self.outputs) + 0.01 * squared_distance(self.d(marked), 1.0)
        loss = loss + 1e4 * functional.mse_loss(extracted, self.mark)
        loss = loss + 1e4 * functional.mse_loss(extracted[:middle], extracted[middle:])
        for clean in (self.inputs, self.outputs):
            loss = loss + 1e4 * squared_distance(self.r(clean), 1.0)
        self.main.zero_grad()
        loss.backward()
        self.main.step()
        judging = squared_distance(self.d(self.outputs), 1.0) + squared_distance(self.d(marked.detach()), 0.0)
        self.second.zero_grad()
        (0.5 * judging).backward()
        self.second.step()

    def parameters(self) -> dict[str, int]:
        """Trainable parameters of each network."""
        networks = {"embedder": self.h, "extractor": self.r, "discriminator": self.d}
        return {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}


def seconds(step: Step) -> tuple[float, float]:
    """Wall and processor seconds of one step."""
    start, processor = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - start, time.process_time() - processor


def main() -> None:
    """Builds the step, prints a line when it is ready, then runs as many steps as each line of stdin says."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("side", 64), ("batch", 8), ("filters", 64), ("channels", 128), ("downs", 5), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    step = Step(options.side, options.batch, options.filters, options.channels, options.downs)
    ready = {"version": torch.__version__, "first_step_s": seconds(step)[0], "parameters": step.parameters()}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps([seconds(step) for _ in range(int(line))]), flush=True)


if __name__ == "__main__":
    main()
