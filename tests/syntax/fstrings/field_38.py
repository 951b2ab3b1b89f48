f'{x:{y}\n{z}}'
