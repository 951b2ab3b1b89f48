# match in loops and try, with jumps out of its cases.


def f(a):
    for x in a:
        match x:
            case 1: continue
            case 2: break
            case 3: return
            case [y, z]:
                try: y
                finally: z
            case _: pass
    match a:
        case 1: pass
    match a:
        case _: return 1
