# coding: shift_jis
a = "①"
