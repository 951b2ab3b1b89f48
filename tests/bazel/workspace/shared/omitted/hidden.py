def reveal():
    match {"kind": "secret", "depth": 2}:
        case {"kind": str(kind), "depth": int(depth)} if depth > 1:
            return f"{kind} {depth}"
        case _:
            return "nothing"
