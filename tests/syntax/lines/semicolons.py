class A: pass;
if a: b; c;
d;
