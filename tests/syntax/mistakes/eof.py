a \
