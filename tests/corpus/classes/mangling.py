# Private names are mangled by the innermost class, without its leading underscores.
import __x


class _Cls__:
    import __a, __b.c as __d
    from e import __f as __g
    global __h
    __h = __i.__j
    __k__ = __l

    def __m(self, __n, *, __o=1):
        __p = self.__q(__o=__n)
        del __p
        return __debug__

    class ___:
        __r = 1
