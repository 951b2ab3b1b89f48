table = {1: 2, key value}
