f'{x:{y}}a'
