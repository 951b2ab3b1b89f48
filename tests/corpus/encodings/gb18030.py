# coding: gb18030
a = "中文€😀"
