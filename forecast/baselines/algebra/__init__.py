"""Linear algebra of the fits: Gram matrices, ridge, least absolute deviations."""
