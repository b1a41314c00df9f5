"""evergreen."""
