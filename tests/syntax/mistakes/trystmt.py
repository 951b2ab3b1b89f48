try:
 pass
x