x="a" f"{b}"
