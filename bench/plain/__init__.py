"""The peer: a plain Django view that stores events in one table."""
