# import and from, dotted, relative, renamed, starred.
import a
import a.b.c
import a.b.c as d
import a as b, c.d, e
import a.b as c
from a import b
from a.b import c as d, e
from . import f
from .. import g as h
from .i.j import (k, l,)
from ... import m
from .... import n
from o import *


def f():
    import a.b
    import a.b.c as d
    from e import f as g
    return a, d, g
