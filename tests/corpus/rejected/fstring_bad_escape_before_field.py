f"\xZZ{one two}"
