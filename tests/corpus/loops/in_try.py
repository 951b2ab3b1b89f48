# break, continue and return out of try, with and loops.


def f(a):
    for x in a:
        try:
            if x: continue
            if a: break
            return 1
        finally:
            x()
        with a as b:
            if x: continue
            if a: break
            return b
        try:
            continue
        except E:
            break
        except F as e:
            return e
        finally:
            if a:
                break
            elif x:
                continue
            else:
                return
