x=f"{a=  }" "x"
