# Two commas behind a name in parentheses.
(
    r,,
)
