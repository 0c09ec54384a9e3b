"""Assertions for suites, each with a stated false-fail rate."""
