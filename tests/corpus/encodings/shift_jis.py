# coding: shift_jis
# 波ダッシュ is another character in what browsers take for Shift_JIS.
a = "～∥－￠￡￢日本語ｱｲｳ"
