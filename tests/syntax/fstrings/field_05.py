f"{x:{y}b}"
