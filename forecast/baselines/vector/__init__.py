"""Vector autoregression of the channels of a system."""
