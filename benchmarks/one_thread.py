"""Import this before numpy: linear algebra in one thread, so that CPU time compares work and not waiting."""

from __future__ import annotations

import os

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
