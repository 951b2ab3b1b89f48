é = 'é', '\N{no such}', 1
