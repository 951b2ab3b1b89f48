# coding: cp437
a = "€ÿ"
