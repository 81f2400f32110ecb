"""The tests: `unit` (one module each), `contract` (rules of the house), `support` (what tests share)."""
