# coding: utf-7
a = "+AOk-t+AOk-"
b = 1 +- 2
