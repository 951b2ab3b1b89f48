class A
 pass