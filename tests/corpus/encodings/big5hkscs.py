# coding: big5hkscs
a = "中文啲嘅"
