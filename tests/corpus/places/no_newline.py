def f(a):
    return a  # comment