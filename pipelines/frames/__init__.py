"""Frames of users read into panels, and panels written back as frames."""
