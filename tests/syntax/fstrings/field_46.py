t'{x:{y!r}}'
