"""Work in separate processes: a helper process whose memory is freed when it ends, and one that is bounded by limits.

Belongs here: starting, ending and communicating with processes. Does not belong here: the work they do.
"""
