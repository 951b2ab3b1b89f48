f'b' u'a'
