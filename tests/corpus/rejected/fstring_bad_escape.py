f"""\xZZ
{value}abc"""
