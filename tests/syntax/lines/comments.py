# a

if b: # c
    # d
  # e
    f
# g
    h
#