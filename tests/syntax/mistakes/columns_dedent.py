if x:
    é
  é
