def f[T = int, *Ts = *A, **P = [B]](): pass
