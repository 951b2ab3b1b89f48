x = """never closed


