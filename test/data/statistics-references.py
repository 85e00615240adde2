# Reference values for src/statistics, worked out with 40 digits by mpmath and by other ways than the code's: a power series for
# tails, a search for the constrained maximum for Tango's score. Prints the JSON beside it:
#   pip install mpmath==1.4.1; python test/data/statistics-references.py > test/data/statistics-references.json
import json
from mpmath import mp, mpf, beta, erfc, log, sqrt, exp

mp.dps = 40


def num(x):
    return float(mp.nstr(x, 20))


def bisect(f, low, high):
    """Root of an increasing f, to 40 digits."""
    low, high = mpf(low), mpf(high)
    for _ in range(140):
        mid = (low + high) / 2
        if f(mid) < 0:
            low = mid
        else:
            high = mid
    return (low + high) / 2


def logit_root(f):
    """Root of an increasing f of a probability, searched by log-odds."""
    u = bisect(lambda u: f(1 / (1 + exp(-u))), -300, 300)
    return 1 / (1 + exp(-u))


def small_tail(x, a, b):
    """Regularised incomplete beta function for x up to the mean: sums of positive terms (DLMF 8.17.5, 8.17.8)."""
    term = total = mpf(1)
    k = 0
    if b == int(b) and b < 3000:
        for k in range(1, int(b)):
            term *= (a + k - 1) / k * (1 - x)
            total += term
        return x ** a * total
    while term > total * mpf(10) ** -39:
        term *= x * (a + b + k) / (a + 1 + k)
        total += term
        k += 1
    return exp(a * log(x) + b * log(1 - x) - log(beta(a, b))) / a * total


def lower_tail(p, a, b):
    p, a, b = mpf(p), mpf(a), mpf(b)
    return small_tail(p, a, b) if p <= a / (a + b) else 1 - small_tail(1 - p, b, a)


def upper_tail(p, a, b):
    p, a, b = mpf(p), mpf(a), mpf(b)
    return 1 - small_tail(p, a, b) if p <= a / (a + b) else small_tail(1 - p, b, a)


def cp_upper(s, n, doubt):
    if s >= n:
        return mpf(1)
    return logit_root(lambda p: log(doubt) - log(upper_tail(p, s + 1, n - s)))


def cp_lower(s, n, doubt):
    if s <= 0:
        return mpf(0)
    return logit_root(lambda p: log(lower_tail(p, s, n - s + 1)) - log(doubt))


def z_of(tail):
    tail = mpf(tail)
    return bisect(lambda z: tail - erfc(z / sqrt(mpf(2))) / 2, 0, 60)


def t_of(tail, freedom):
    freedom = mpf(freedom)
    upper = lambda t: lower_tail(freedom / (freedom + t * t), freedom / 2, mpf(1) / 2) / 2
    t = exp(bisect(lambda u: mpf(tail) - upper(exp(u)), -40, 300))
    return t


def wilson(s, n, z):
    s, n = mpf(s), mpf(n)
    rate = s / n
    middle = rate + z * z / (2 * n)
    reach = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (middle - reach) / scale, (middle + reach) / scale


def log_e(s, n, p, side, a, b):
    p, a, b = mpf(p), mpf(a), mpf(b)
    part = lower_tail if side == "below" else upper_tail
    post = log(beta(a + s, b + n - s)) + log(part(p, a + s, b + n - s))
    prior = log(beta(a, b)) + log(part(p, a, b))
    return post - prior - s * log(p) - (n - s) * log(1 - p)


def mixture(s, n, doubt, prior):
    def excess(p):
        a, b = prior(p)
        return (log(beta(a + s, b + n - s)) - log(beta(a, b)) - s * log(p) - (n - s) * log(1 - p)) + log(doubt)
    mean = (s + mpf(1) / 2) / (n + 1)
    peak = log(mean / (1 - mean))
    at = lambda u: 1 / (1 + exp(-u))
    # Where a rate next to nothing is not ruled out, none below is.
    low = mpf(0) if s == 0 or excess(at(mpf(-300))) < 0 else at(bisect(lambda u: -excess(at(u)), -300, peak))
    high = mpf(1) if s == n or excess(at(mpf(80))) < 0 else at(bisect(lambda u: excess(at(u)), peak, 80))
    return low, high


def tuned(trials):
    base = 2 * log(mpf(20)) + log(1 + 2 * log(mpf(20)))
    weight = max(trials / base - 1, mpf("1e-3"))
    return lambda p: (weight * p, weight * (1 - p))


def tango(b, c, n, z):
    """Upper limit: the largest delta that the score test does not reject, its nuisance by maximising the likelihood."""
    b, c, n = mpf(b), mpf(c), mpf(n)
    rest = n - b - c

    def q21(delta):
        low, high = max(mpf(0), -delta), (1 - delta) / 2

        def slope(q):
            total = mpf(0)
            total += b / (q + delta) if b > 0 else 0
            total += c / q if c > 0 else 0
            total -= 2 * rest / (1 - 2 * q - delta) if rest > 0 else 0
            return total
        tiny = (high - low) * mpf(10) ** -38
        if slope(low + tiny) <= 0:
            return low
        if slope(high - tiny) >= 0:
            return high
        return bisect(lambda q: -slope(q), low + tiny, high - tiny)

    def score(delta):
        return (b - c - n * delta) / sqrt(n * (2 * q21(delta) + delta * (1 - delta)))
    return bisect(lambda delta: -score(delta) - z, (b - c) / n, mpf(1) - mpf(10) ** -38)


def newcombe(both, one, other, neither, z):
    n = mpf(both + one + other + neither)
    p1, p2 = (both + one) / n, (both + other) / n
    l1, u1 = wilson(both + one, n, z)
    l2, u2 = wilson(both + other, n, z)
    product = mpf(both * neither - one * other)
    margins = (both + one) * (other + neither) * (both + other) * (one + neither)
    if product > 0:
        product = max(mpf(0), product - n / 2)
    phi = mpf(0) if margins == 0 else product / sqrt(mpf(margins))
    d = p1 - p2
    low = sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    return d - low, d + high


def lee(judged, n, caught, m1, raised, m0, doubt):
    z = z_of(mpf(doubt) / 2)
    big = n + z * z
    p = (judged + z * z / 2) / big
    q0, q1 = mpf(m0 - raised + 1) / (m0 + 2), mpf(caught + 1) / (m1 + 2)
    gain = q0 + q1 - 1
    th = (p + q0 - 1) / gain
    shift = 2 * z * z * (-(1 - th) * q0 * (1 - q0) / (m0 + 2) + th * q1 * (1 - q1) / (m1 + 2))
    se = sqrt(p * (1 - p) / big + (1 - th) ** 2 * q0 * (1 - q0) / (m0 + 2) + th ** 2 * q1 * (1 - q1) / (m1 + 2)) / gain
    clip = lambda x: max(mpf(0), min(mpf(1), x))
    return clip(th + shift - z * se), clip(th + shift + z * se)


def korn_graubard(clusters, doubt):
    count = len(clusters)
    n = mpf(sum(m for _, m in clusters))
    s = mpf(sum(x for x, _ in clusters))
    rate = s / n
    error = sqrt(sum((x - m * rate) ** 2 for x, m in clusters) * mpf(count) / (count - 1)) / n
    size = min(n, rate * (1 - rate) / error ** 2) * (t_of(doubt, n - 1) / t_of(doubt, count - 1)) ** 2
    return error, cp_lower(rate * size, size, doubt), cp_upper(rate * size, size, doubt)


def binomial_at_most(k, n, p):
    p = mpf(p)
    return sum(mp.binomial(n, j) * p ** j * (1 - p) ** (n - j) for j in range(k + 1))


out = {}
out["normal"] = [[t, num(z_of(t))] for t in (0.4, 0.25, 0.025, 0.005, 1e-5, 1e-9, 1e-30, 1e-150)]
out["student"] = [
    [t, v, num(t_of(t, v))]
    for t, v in ((0.4, 3), (0.05, 1), (0.025, 2), (0.025, 9), (0.005, 49), (1e-6, 5), (1e-9, 200), (0.025, 60), (1e-12, 1))
]
out["exact"] = [
    [s, n, d, num(cp_lower(s, n, mpf(d))), num(cp_upper(s, n, mpf(d)))]
    for s, n, d in (
        (0, 300, 0.05), (0, 1000000, 1e-9), (3, 1000000, 1e-9), (78, 229, 0.05), (13, 230, 0.05), (5, 1000, 0.01), (2.5, 40.25, 0.05),
        (50, 100000, 1e-30), (9999, 10000, 0.025), (700, 1000, 0.025), (1, 2, 0.5), (0.3, 12.7, 0.1), (40, 41, 1e-6), (1, 1000000, 1e-100),
    )
]
out["wilson"] = [[s, n, d, *map(num, wilson(s, n, z_of(mpf(d) / 2)))] for s, n, d in ((81, 263, 0.05), (1, 29, 0.05), (3, 100000, 0.001), (1, 4, 0.3))]
out["evalues"] = [
    [s, n, p, side, a, b, num(log_e(s, n, p, side, a, b))]
    for s, n, p, side, a, b in (
        (0, 300, 0.01, "below", 1, 1), (0, 377, 0.01, "below", 0.5, 0.5), (1, 1000, 0.01, "below", 1, 1), (3, 20, 0.01, "above", 1, 1),
        (5, 100, 0.01, "above", 1, 1), (40, 5000, 0.01, "below", 0.5, 0.5), (400, 100000, 0.005, "below", 1, 1), (400, 100000, 0.003, "above", 2, 50),
        (10, 12, 0.3, "below", 1, 1), (2, 4000, 0.3, "above", 1, 1), (7, 7, 0.9, "above", 0.5, 3), (0, 1000000, 0.001, "below", 1, 1),
        (50, 1000000, 1e-5, "above", 1, 1), (1, 3, 0.5, "below", 0.05, 20),
    )
]
out["uniform"] = [
    [s, n, d, *map(num, mixture(s, n, mpf(d), lambda p: (mpf(1), mpf(1))))]
    for s, n, d in ((0, 50, 0.05), (5, 100, 0.05), (700, 1000, 0.05), (3, 100000, 1e-9), (999, 1000, 0.01), (500, 100000, 0.05))
]
out["tuned"] = [
    [s, n, d, t, *map(num, mixture(s, n, mpf(d), tuned(mpf(t))))]
    for s, n, d, t in (
        (700, 1000, 0.05, 100), (15, 50, 0.05, 50), (5, 50, 0.05, 50), (1, 50, 0.05, 50), (100, 200, 0.05, 1), (0, 1000, 0.05, 1000),
        (40, 5000, 1e-6, 2000), (3, 100000, 0.05, 100000),
    )
]
out["tango"] = [
    [both, one, other, neither, d,
     num(-tango(other, one, both + one + other + neither, z_of(mpf(d) / 2))),
     num(tango(one, other, both + one + other + neither, z_of(mpf(d) / 2)))]
    for both, one, other, neither, d in (
        (36, 12, 2, 0, 0.05), (0, 5, 0, 20, 0.05), (3, 0, 0, 50, 0.05), (43, 7, 7, 43, 0.1), (1, 30, 4, 965, 0.01), (10, 1, 9, 80, 0.05),
    )
]
out["newcombe"] = [
    [both, one, other, neither, d, *map(num, newcombe(both, one, other, neither, z_of(mpf(d) / 2)))]
    for both, one, other, neither, d in ((36, 12, 2, 0, 0.05), (3, 0, 0, 50, 0.05), (43, 7, 7, 43, 0.1), (1, 30, 4, 965, 0.01), (20, 3, 9, 18, 0.05))
]
out["lee"] = [
    [*c, *map(num, lee(*c))]
    for c in ((800, 1000, 180, 200, 30, 200, 0.05), (50, 1000, 180, 200, 6, 200, 0.05), (10, 500, 80, 100, 1, 100, 0.05), (0, 500, 80, 100, 1, 100, 0.05), (120, 400, 45, 50, 3, 60, 0.01))
]
out["clustered"] = [
    [c, d, *map(num, korn_graubard(c, mpf(d)))]
    for c, d in (
        ([[2, 3], [0, 2], [3, 4]], 0.05), ([[0, 5]] * 30 + [[4, 5], [1, 5], [5, 5]], 0.05), ([[1, 10], [0, 10], [2, 10], [0, 3], [0, 1]], 0.01),
    )
]
out["atMost"] = [[k, n, p, num(binomial_at_most(k, n, p))] for k, n, p in ((0, 299, 0.003), (5, 1049, 0.003), (49, 6700, 0.006), (20, 40, 0.5))]
print("{\n" + ",\n".join(f"  {json.dumps(k)}: [\n" + ",\n".join("    " + json.dumps(r) for r in v) + "\n  ]" for k, v in out.items()) + "\n}")
