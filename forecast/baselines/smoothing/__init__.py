"""Classical smoothing: Naive2, Theta, exponential smoothing."""
