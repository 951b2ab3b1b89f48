(f'a'
  f'{b}')
