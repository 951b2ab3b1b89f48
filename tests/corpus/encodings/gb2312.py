# coding: gb2312
a = "·—中文"
