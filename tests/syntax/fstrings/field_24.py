fr"\{x}"
