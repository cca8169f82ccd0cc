"""Forecasters made of others: several as one, and transforms before one."""
