"""Where a picture has a colour."""

import numpy as np


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """But for the smoothing of edges: bool [H, W] of uint8 [H, W, 3]."""
    return np.abs(picture.astype(int) - colour).max(axis=2) < 30
