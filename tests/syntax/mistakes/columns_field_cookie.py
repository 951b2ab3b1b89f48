# coding: utf-8
x = 'é', f'é{a b}'
