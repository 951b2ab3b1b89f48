# coding: cp949
a = "ぇ가"
