from __future__ import annotations

v0: lambda: 0
v1: lambda *a: 0
v2: lambda *, k: 0
v3: lambda **k: 0
v4: lambda a: 0
v5: lambda a, /, b=1, *c, d, e=(1,2), **f: (yield)
v6: x[1:2, ::3]
v7: x[*a, b]
v8: x[*a]
v9: x[a,]
v10: x[()]
v11: x[1:2:3]
v12: x[(a, b):]
v13: (1).real
v14: 1.0.real
v15: 1j.real
v16: -1 ** 2
v17: (-1) ** 2
v18: 2 ** -1
v19: (a ** b) ** c
v20: a ** b ** c
v21: 1e400
v22: -1e400
v23: 1e400j
v24: f'{x}'
v25: f"{x!r:>{w}}"
v26: f"{ {1:2} }"
v27: f"{{a}} {'b'}"
v28: f"{(lambda: 1)}"
v29: f'{x=}'
v30: f"a'{x['q']}\n"
v31: f"{a if b else c}"
v32: f"{a, b}"
v33: f"{x:{{}}}"
v34: f"{x:a}}}"
v35: f"{x:\n}"
v36: f"{x:%Y'}"
v37: f""
v38: f"{x}" "abc" 'é'
v39: f"{f'{x}'}"
v40: f"{f'{x!s}' !r}"
v41: 'a' f'{x}'
v42: f(*a, **b, c=1)
v43: {**a, 'b': 1}
v44: {**a | b}
v45: {*a, b}
v46: {1}
v47: {}
v48: ()
v49: (a,)
v50: (a, b)
v51: [a, b]
v52: [*a]
v53: not a
v54: not not a
v55: not (a == b)
v56: a and (b or c)
v57: (a and b) and c
v58: a or b or c
v59: a < b < c
v60: (a < b) < c
v61: a if b else (c if d else e)
v62: (a if b else c) if d else e
v63: (a if b else c)
v64: (lambda: x)()
v65: -x.y
v66: (-x).y
v67: ~x
v68: + - x
v69: (a, b)[0]
v70: "abc"[0]
v71: 'a\'b'
v72: '"\''
v73: '\x00\x7f\u200b\ud800é\U0001f600'
v74: b'a\xff"'
v75: ...
v76: ....x
v77: None.x
v78: True
v79: a @ b // c % d
v80: a << b >> c | d ^ e & f
v81: a - (b - c)
v82: (a - b) - c
v83: a @ (b @ c)
v84: a not in b is not c
v85: [(a, b) for a, b in c if d if e for f in g]
v86: {a: b for a, b in c}
v87: {a for a in b}
v88: (x for x in (y if z else w))
v89: [x for x in y if (z if w else q)]
v90: 10**100
v91: 0xffffffffffffffffffffff
v92: 1_000
v93: 'a' 'b'
v94: u'a'
v95: 1.5e300
v96: 1e16
v97: 1e-5
v98: f"{x!s}"
v99: f"{x:}"
v100: f"{x!r:}"
v101: f'{x:{y}{z!r:w}}'
v102: f"{'a' 'b'}"
v103: f"{'{'}"
v104: f"{b'{'}"
v105: f"{1:{'{'}}"
v106: rf"\{x}"
v107: f"{x}\\"
v108: f"{ {1} }"
v109: f"{ {1 for x in y}}"
v110: f"{[1]}"
v111: f"{x}{{}}"
v112: a[b].c(d)[e:f]
v113: (a.b)(c)
v114: (a or b)(c)
v115: f(**a|b)
v116: f(*a or b)
v117: lambda: (y:=1)
v118: lambda: (yield from z)
v119: lambda: (yield (1, 2))
v120: f"a\"b'c{x!r}"
v121: f"{x}\ud800"
v122: f"{'a\nb'}"
v123: -1 .real
v124: 0xffffffff.real
v125: (1, 2).x
v126: x[lambda: 1]
v127: x[1:lambda: 2]
v128: {**a, **b}
v129: 0.1
v130: 0.00001234
v131: 123456789012345678.0
v132: 1e22
v133: 100.0
v134: 0.0
v135: 0j
v136: 1_0.5e-3j
v137: b"it's"
v138: b'\t\n\r\\'
v139: '\t\n\r\\'
v140: '\xa0\xad\u2028\u3000\ue000\U000e0001\u0378'
v141: f"{x:{{{1}}}}"
v142: f'{x!r:^{width}.{precision}}'
v143: f"{f"{f'{x}'}"}"
v144: f(a, *b, c=1, **d)
v145: f(a for b in c)
v146: f(x, (a for b in c))
v147: a if (b if c else d) else e
v148: not (not a)
v149: (not a) + 1
v150: - (not a)
v151: (lambda: a) or b
v152: a or (lambda: b)
v153: lambda a, *, b=1: a
v154: lambda a=1, /: a
v155: lambda *a, **b: a
v156: [*a, *b]
v157: x[a:b, c]
v158: x[(a, b)]
v159: x[(yield_)]
v160: x.y.z[0](1)
v161: a // b / c
v162: a ** (b ** c)
v163: -(a ** b)
v164: (-a) ** b
v165: (a + b) * c
v166: a * (b + c)
v167: a | (b | c)
v168: (a & b) == c
v169: a & (b == c)
v170: (a, b) + c
v171: a < (b, c)
v172: [f(x for x in y), f((x for x in y), 1), f(x for x in y)]


def function(a: int, /, b: "text" = 1, *c: *Ts, d: x[*a, b:c], **e: {**f}) -> (yield_, None)[0]:
    local: not_evaluated[1] = 2
    return local
