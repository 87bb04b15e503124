"""Measurements that need data of their own: what docs/measurements.md says is printed by these commands."""
