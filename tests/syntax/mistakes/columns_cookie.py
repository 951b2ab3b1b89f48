# coding: utf-8
x = 'é', f(a b)
