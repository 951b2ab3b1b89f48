# Pointed at as `<` alone.
x = <> 3
