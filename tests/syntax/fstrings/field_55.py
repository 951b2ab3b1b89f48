u'a' f'b'
