# Places inside f-strings over several lines.
x = f"""
{a}
  {b
   + c!r:>{
     width
   }}
"""
y = (f"one {a}"
     "two"
     f"three {b:{c}}"
     rf"\{d}\n")
z = f"{
    a  # comment
    = !r
}"
w = f"{a:
}"
