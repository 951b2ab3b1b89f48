name𐵀 = 1
