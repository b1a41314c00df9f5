"""Frozen parameter sets with verbs, the histories they are fitted to, and the fit itself."""
