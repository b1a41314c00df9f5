"""Formulas: arrays in, arrays out, in the letters of the papers; numpy and scipy only."""
