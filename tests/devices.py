"""Where tests of the checks put their tensors: on the CPU, and on a GPU where there is one."""

import torch

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
