# coding: UTF_8-unix
x = "é"
