"""The grid of times: frequencies, their names, how they are inferred, seasons."""
