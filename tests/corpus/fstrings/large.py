# Many parts in one string.
f"{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}{l}{m}{n}{o}{p}{q}{r}{s}{t}{u}{v}{w}{x}{y}{z}{a}{b}{c}{d}{e}{f}{g}{h}"
f"1{a}2{b}3{c}4"
"".join([a, b])
"".join([f"{a}", "b"])
