"""Files of JSON and plain arrays, without pickle, of which every byte is covered by a hash."""
