f"a{{b"
