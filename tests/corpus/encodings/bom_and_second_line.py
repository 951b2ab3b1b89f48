#!/usr/bin/python
# coding: utf8
x = 1
