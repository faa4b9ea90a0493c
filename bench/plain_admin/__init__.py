"""The peer of the review workspace: a plain Django admin, and a plain pair of views."""
