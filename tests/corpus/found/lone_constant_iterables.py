# A later clause over one element only evaluates it, unless 3.13 has folded the display into a constant tuple.
def f(a):
    [b for c in a for b in (5,)]
    [b for c in a for b in [-5]]
    [b for c in a for b in [c]]
    {b for c in a for b in (3 * (4,),)}
    [b for c in a for b in [[5]]]
