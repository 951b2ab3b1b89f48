match x:
 case y as z.w: pass