# Form feeds and blank lines between statements.


a

if a:

    b

