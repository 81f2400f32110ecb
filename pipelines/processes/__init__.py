"""Work in a process of its own: a helper whose memory ends with it, and one that is bounded by limits.

Belongs here: starting, ending and listening to processes. Does not belong here: what is done in them.
"""
