"""Real logs that come with the installation, and logs simulated from a model whose truth is known."""

from evergreen.datasets.cdnow import load_cdnow, load_cdnow_summary
from evergreen.datasets.donations import load_donations
from evergreen.datasets.simulated import simulate_log

__all__ = ["load_cdnow", "load_cdnow_summary", "load_donations", "simulate_log"]
