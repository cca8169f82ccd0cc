"""Windows by index, and the orders in which batches of them come."""
