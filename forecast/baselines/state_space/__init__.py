"""Linear dynamical systems: Kalman filter, smoother, expectation-maximisation."""
