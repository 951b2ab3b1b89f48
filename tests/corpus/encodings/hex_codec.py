# coding: hex_codec
x = 1
