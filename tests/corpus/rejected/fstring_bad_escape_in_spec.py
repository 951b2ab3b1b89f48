f"{value:\xZZ}"
