"""What `ekam bench` measures: each part beside its yardstick, in one run."""
