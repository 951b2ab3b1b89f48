# coding: utf8
# â
x = 1
