"""Files and bundled series as long frames."""
