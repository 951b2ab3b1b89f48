"""A surrogate: \ud800\udc00, and a	tab."""
