"""Replicas of the publishers' servers, for tests and for trying the product without a network.

Belongs here: how the publishers' interfaces answer, and the faults that a test asks for. Does not belong here: anything
of the product; a replica imports nothing of how the product asks.
"""
