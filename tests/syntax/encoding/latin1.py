# -*- coding: latin-1 -*-
'é' + b
