"""Japanese vowels: recordings of nine speakers, the part that notebooks and guests may see.

Each recording is one utterance of /ae/: 12 LPC cepstrum coefficients over 7 to 29 frames. The original training part
(30 recordings of each speaker) lies here, in a file that students install. The original test part, 24 to 88 of each, is
the course's, in a folder that no guest sees; hidden test sets are drawn from it.

Source: M. Kudo, J. Toyama and M. Shimbo, Multidimensional curve classification using passing-through regions, Pattern
Recognition Letters 20, 1999; UCI Machine Learning Repository, Japanese Vowels (CC BY 4.0). Converted without loss:
values have six decimals and are held as integers, in millionths.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

__all__ = ["COEFFICIENTS", "FRAMES", "PUBLIC", "SPEAKERS", "read", "recordings"]

COEFFICIENTS, FRAMES, SPEAKERS = 12, 29, 9
PUBLIC = Path(__file__).resolve().parent / "data" / "vowels.npz"
"""The part of them that is no secret."""


def recordings() -> tuple[Tensor, Tensor]:
    """The public recordings: (270, 12, 29) float32, zero-padded at the end, and their speakers (270,) of 0..8."""
    return read(PUBLIC)


def read(path: Path) -> tuple[Tensor, Tensor]:
    """Recordings (N, 12, 29) float32 and speakers (N,) int64 of a file.

    The file holds ``frames`` (sum of lengths, 12) int32 in millionths, one recording after the other, ``lengths`` (N,)
    and ``speakers`` (N,).
    """
    with np.load(path) as data:
        frames = torch.from_numpy(data["frames"] / 1e6).float()
        lengths = data["lengths"].tolist()
        speakers = torch.from_numpy(data["speakers"].astype(np.int64))
    padded = pad_sequence(list(frames.split(lengths)), batch_first=True)
    padded = torch.nn.functional.pad(padded, (0, 0, 0, FRAMES - padded.shape[1]))
    return padded.transpose(1, 2).contiguous(), speakers
