"""Replicas of the publishers' servers, for tests and for trying the product without a network.

Belongs here: how the publishers' APIs respond, and the faults that a test injects. Does not belong here: anything of
the product; a replica imports nothing of the product's clients.
"""
