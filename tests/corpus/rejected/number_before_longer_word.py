# A number before a word that only begins like an operator.
x = 1orange
