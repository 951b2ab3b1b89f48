# coding: cp932
a = "～∥－￠￡￢①日本語"
