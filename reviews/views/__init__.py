"""The pages of reviews. Thin: they ask permission, call a service, and render."""
