# -*- coding: latin-1 -*-
grösse = (1,
