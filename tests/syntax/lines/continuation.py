a = \
  b
if a and \
   b:
  \
  c
  d
