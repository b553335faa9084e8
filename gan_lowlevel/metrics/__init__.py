"""What is true of a run's samples, in figures."""
