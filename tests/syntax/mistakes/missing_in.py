for x:
 pass