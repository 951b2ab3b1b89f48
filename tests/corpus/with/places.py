# Where the calls of __exit__ stand.
with open(
    a,
    b,
) as f, \
     g():
    f
with (
    a as b,
    c(
        d
    ) as e,
):
    x
    y
