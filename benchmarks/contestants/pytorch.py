"""The games as a PyTorch user writes them for speed: fused optimizers, no graph for D's fakes, none of D's for G."""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable

import numpy as np

from benchmarks.contestants import (
    CONVOLUTIONAL,
    Contestant,
    Settings,
    g_rows,
    lowest,
    normal_latent,
    pixels,
    shown,
)


def torch_eager(settings: Settings) -> Contestant:
    """One operation after the other, pictures [B, C, H, W]."""
    return _loop(settings, channels_last=False, compiled=False)


def torch_channels_last(settings: Settings) -> Contestant:
    """The same with pictures [B, H, W, C] in memory."""
    return _loop(settings, channels_last=True, compiled=False)


def torch_compile(settings: Settings) -> Contestant:
    """Loss and backward pass of each player under torch.compile."""
    # Of its own: what an earlier race compiled would make the first step look quick.
    cache = os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp(prefix="inductor")
    atexit.register(shutil.rmtree, cache, ignore_errors=True)
    return _loop(settings, channels_last=settings.model in CONVOLUTIONAL, compiled=True)


def _loop(settings: Settings, channels_last: bool, compiled: bool) -> Contestant:
    import torch

    softplus = torch.nn.functional.softplus
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    config = settings.config()
    batch, low = config.batch_size, lowest(config.model)
    g, d = _players(config.model, config.d_dropout)
    if channels_last:
        g, d = (player.to(memory_format=torch.channels_last) for player in (g, d))
    theta_g = list(g.parameters())
    d_optimizer = _optimizer(config, d.parameters(), config.d_learning_rate)
    g_optimizer = _optimizer(config, theta_g, config.g_learning_rate)
    table = torch.from_numpy(pixels(config))  # uint8 [N, H, W, C]
    if config.model not in CONVOLUTIONAL:
        table = table.flatten(1)
    elif not channels_last:
        table = table.permute(0, 3, 1, 2).contiguous()

    def real() -> torch.Tensor:
        if config.model == "parabola":
            x = torch.rand(batch, 1) - 0.5
            return torch.cat([x, x * x], 1)
        # With replacement, which is cheaper than a shuffled order.
        x = table[torch.randint(len(table), (batch,))].float().mul_((1.0 - low) / 255).add_(low)
        return x.permute(0, 3, 1, 2) if channels_last else x

    def latent(rows: int) -> torch.Tensor:
        if normal_latent(config.model):
            return torch.randn(rows, config.z_dim)
        return torch.rand(rows, config.z_dim).mul_(2.0).sub_(1.0)

    def made(z: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return g(z)

    def d_backward(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        on_real, on_fake = d(torch.cat([x, made(z)])).split(batch)
        loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        loss.backward()
        return loss.detach()

    def d_backward_real(x: torch.Tensor) -> torch.Tensor:
        loss = softplus(-d(x)).mean()
        loss.backward()
        return loss.detach()

    def d_backward_fake(fake: torch.Tensor) -> torch.Tensor:
        loss = softplus(d(fake)).mean()
        loss.backward()
        return loss.detach()

    def g_backward(z: torch.Tensor) -> torch.Tensor:
        loss = softplus(-d(g(z))).mean()
        loss.backward(inputs=theta_g)
        return loss.detach()

    if compiled:
        made, g_backward = torch.compile(made), torch.compile(g_backward)
        d_backward = torch.compile(d_backward)
        d_backward_real, d_backward_fake = torch.compile(d_backward_real), torch.compile(d_backward_fake)

    def update(optimizer: torch.optim.Optimizer, backward: Callable, *inputs) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = backward(*inputs)
        optimizer.step()
        return loss

    def d_update() -> torch.Tensor:
        if config.model == "parabola":
            on_real = update(d_optimizer, d_backward_real, real())
            return on_real + update(d_optimizer, d_backward_fake, made(latent(batch)))
        if config.model == "dog":
            g.eval()  # the source calls predict
        loss = update(d_optimizer, d_backward, real(), latent(batch))
        g.train()
        return loss

    losses = torch.zeros(()), torch.zeros(())

    def play(steps: int) -> None:
        nonlocal losses
        for _ in range(steps):
            for _ in range(config.d_step):
                d_loss = d_update()
            for _ in range(config.g_step):
                g_loss = update(g_optimizer, g_backward, latent(g_rows(config)))
            losses = d_loss, g_loss

    def sample(count: int) -> np.ndarray:
        g.eval()
        with torch.no_grad():
            rows = g(latent(count))
        g.train()
        if config.model in CONVOLUTIONAL:
            rows = rows.permute(0, 2, 3, 1)
        return shown(config.model, rows.numpy())

    return Contestant(play=play, losses=lambda: tuple(float(loss) for loss in losses), sample=sample)


def _optimizer(config, parameters, learning_rate: float):
    import torch

    if config.optimizer == "nesterov":
        return torch.optim.SGD(parameters, learning_rate, momentum=config.momentum, nesterov=True, fused=True)
    return torch.optim.Adam(parameters, learning_rate, (config.beta1, 0.999), config.epsilon, fused=True)


def _players(model: str, d_dropout: float):
    """G and D, which ends in logits; their initial weights as the source says."""
    from torch import nn

    def norm(kind: type[nn.Module], features: int) -> nn.Module:
        return kind(features, eps=1e-3, momentum=0.01)  # of the new: 0.99 of the old stays

    def transposed(channels: int, filters: int, stride: int) -> nn.Module:
        return nn.ConvTranspose2d(channels, filters, 5, stride, 2, stride - 1, bias=False)

    if model == "mlp":
        g = nn.Sequential(nn.Linear(100, 128), nn.Tanh(), nn.Linear(128, 784), nn.Sigmoid())
        d = nn.Sequential(nn.Linear(784, 128), nn.Tanh(), nn.Linear(128, 1))
    elif model == "mlp_deep":
        g = _deep([100, 256, 512, 1024, 784], nn.Tanh())
        d = _deep([784, 1024, 512, 256, 1])
    elif model == "dcgan":
        g = nn.Sequential(
            nn.Linear(100, 12544), nn.Unflatten(1, (256, 7, 7)), norm(nn.BatchNorm2d, 256), nn.LeakyReLU(0.2),
            transposed(256, 128, 1), norm(nn.BatchNorm2d, 128), nn.LeakyReLU(0.2),
            transposed(128, 64, 2), norm(nn.BatchNorm2d, 64), nn.LeakyReLU(0.2),
            transposed(64, 32, 2), norm(nn.BatchNorm2d, 32), nn.LeakyReLU(0.2),
            nn.Conv2d(32, 1, 5, padding=2, bias=False), nn.Tanh(),
        )  # fmt: skip
        d = nn.Sequential(
            nn.Conv2d(1, 64, 5, 2, 2, bias=False), nn.LeakyReLU(0.2), nn.Dropout(d_dropout),
            nn.Conv2d(64, 128, 5, 2, 2, bias=False), nn.LeakyReLU(0.2), nn.Dropout(d_dropout),
            nn.Flatten(), nn.Linear(6272, 1),
        )  # fmt: skip
    elif model == "dog":
        g = nn.Sequential(
            nn.Linear(1000, 1024), nn.Tanh(),
            nn.Linear(1024, 8192), norm(nn.BatchNorm1d, 8192), nn.Tanh(), nn.Unflatten(1, (128, 8, 8)),
            nn.Upsample(scale_factor=4), nn.Conv2d(128, 64, 5, padding=2), nn.Tanh(),
            nn.Upsample(scale_factor=2), nn.Conv2d(64, 3, 5, padding=2), nn.Tanh(),
        )  # fmt: skip
        d = nn.Sequential(
            nn.Conv2d(3, 64, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 5), nn.Tanh(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(25088, 1024), nn.Tanh(), nn.Linear(1024, 1),
        )  # fmt: skip
    else:
        g = nn.Sequential(nn.Linear(5, 15), nn.ReLU(), nn.Linear(15, 2))
        d = nn.Sequential(nn.Linear(2, 25), nn.ReLU(), nn.Linear(25, 1))
    for player in (g, d):
        _initialize(model, player)
    return g, d


def _deep(widths: list[int], *last):
    from torch import nn

    layers = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1], *last)


def _initialize(model: str, player) -> None:
    from torch import nn

    if model == "mlp_deep":  # PyTorch's own
        return
    weighted = [layer for layer in player if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
    for layer in weighted:
        if layer.bias is not None:
            nn.init.constant_(layer.bias, 0.1 if model == "mlp" else 0.0)
        if model == "mlp":
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
        elif model == "dcgan":
            nn.init.normal_(layer.weight, std=0.02)
        elif model == "parabola" and layer is not weighted[-1]:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        else:
            nn.init.xavier_uniform_(layer.weight)
    if model == "dcgan":
        for layer in player:
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, mean=1.0, std=0.02)
