"""What measures the speed. Each benchmark runs its peer or the physical limit beside it."""
