"""The pages of sources. Thin: they ask permission, call a service, and render."""
