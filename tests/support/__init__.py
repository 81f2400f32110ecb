"""Shared test support: small deliveries, small declarations, and programs that a test starts.

Belongs here: fixtures' building blocks that several tests use. Does not belong here: tests.
"""
