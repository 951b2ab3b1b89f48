# coding: big5
a = "‧﹑中文～"
