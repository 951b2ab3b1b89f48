# What scopes in a comprehension need from outside of its class: up to 3.13 locals in the order of a hash table.
def outer(alpha, beta, gamma, delta, epsilon, zeta, eta):
    class Class:
        a = [lambda: (alpha, beta, gamma, delta) for i in ()]
        b = {lambda: gamma for i in (lambda: beta)()}
        c = [[lambda: (alpha, zeta) for x in y] for y in (lambda: eta, lambda: epsilon, lambda: (delta, beta))]
        d = [(lambda: alpha, lambda: beta, lambda: (gamma, delta), lambda: epsilon, lambda: (zeta, eta)) for i in b]

    class Many:
        d = [(lambda: alpha, lambda: beta, lambda: (gamma, delta), lambda: epsilon, lambda: (zeta, eta, i)) for i in b]

    class Nested:
        e = {
            (lambda: (x for q in (alpha, beta, epsilon) if gamma if delta if zeta)):
                [lambda: (x, q, gamma, zeta, eta) for q in alpha]
            for x in eta
        }

        def method(self, own, other, third):
            class Inner:
                g = [(lambda: (alpha, own, other, third, beta, zeta), (z for w in gamma if lambda: (w, eta))) for z in own]
