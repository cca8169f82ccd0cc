"""What is known beside the values: read, encoded, laid on the steps of a panel."""
