t"a{b}c{d!r:e{f}}" t'{ g = }'
rt"\{x}"
tR'''{
x}'''
