"""The pooled autoregression: one for all series."""
