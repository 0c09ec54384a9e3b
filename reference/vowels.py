"""Japanese vowels: where the recordings lie that no student has.

The file holds the original test part, 370 recordings of 7 to 29 frames, in the format of ``autograder.vowels``, which
has the other part. Source: M. Kudo, J. Toyama and M. Shimbo, Multidimensional curve classification using
passing-through regions, Pattern Recognition Letters 20, 1999; UCI Machine Learning Repository, Japanese Vowels
(CC BY 4.0).
"""

from __future__ import annotations

from pathlib import Path

WITHHELD = Path(__file__).resolve().parent / "data" / "vowels.npz"
