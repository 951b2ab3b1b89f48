def f(command):
    match command:
        case [x, y, *rest] if x:
            return y, rest, x
        case complex(real=0, imag=imag):
            return imag
        case "a" | "b" as letter:
            return letter
        case _:
            return command


def g(command):
    match command:
        case {**others} if others:
            return others
        case {}:
            return None
