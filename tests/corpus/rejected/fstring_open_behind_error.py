(o
w f"
