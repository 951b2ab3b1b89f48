# Columns are byte offsets: other scripts, tabs, wide characters.
é = ñ + 1
"日本".join(日本)
if é:
	x = "€" + é; y = é[ñ]
𝐱 = ﬁ + ſ
