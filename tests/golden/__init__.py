"""Figures worked out in another way than the product does."""
