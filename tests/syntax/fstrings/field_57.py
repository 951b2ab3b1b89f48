f'{x}' u'a'
