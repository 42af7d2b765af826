/** Quantiles of Student's t distribution, computed: no table, no normal approximation. */

/**
 * The value that a t-distributed variable with `degrees` degrees of freedom stays below with that probability (0 to 1,
 * exclusive). Correct to about 12 digits. Throws RangeError for arguments outside the domain.
 */
export function studentQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`no probability: ${probability}`);
  if (!(degrees > 0)) throw new RangeError(`no degrees of freedom: ${degrees}`);
  if (probability === 0.5) return 0;
  const tail = Math.min(probability, 1 - probability);
  const size = solve((t) => studentTail(t, degrees) - tail);
  return probability < 0.5 ? -size : size;
}

/** P(T > t) for t >= 0: half of the regularized incomplete beta function (Abramowitz and Stegun 26.7.1). */
export function studentTail(t: number, degrees: number): number {
  return regularizedBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
}

/** The root of a falling function on t > 0: doubled until it is enclosed, then bisected to the last bit. */
function solve(f: (t: number) => number): number {
  let high = 1;
  while (f(high) > 0) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (f(middle) > 0) low = middle;
    else high = middle;
  }
}

/** I_x(a, b). The continued fraction converges fast below the mean; above it the symmetry I_x(a,b) = 1 - I_1-x(b,a) helps. */
function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

const TINY = 1e-300;

/** Lentz's method for the continued fraction of the incomplete beta function (A&S 26.5.8). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 1000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      d = 1 / awayFromZero(1 + term * d);
      c = awayFromZero(1 + term / c);
      change = d * c;
      result *= change;
    }
    if (Math.abs(change - 1) < 1e-16) return result;
  }
  return result;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** Lanczos, g = 607/128, n = 15. */
const LANCZOS = [
  0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202,
  3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125,
  -0.00021026444172410488, 0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5,
  -2.6190838401581408e-5, 3.6899182659531625e-6,
] as const;

/** For x > 0. */
function logGamma(x: number): number {
  const base = x + 607 / 128 - 0.5;
  let sum: number = LANCZOS[0];
  for (let index = 1; index < LANCZOS.length; index += 1) sum += LANCZOS[index]! / (x - 1 + index);
  return (x - 0.5) * Math.log(base) - base + Math.log(Math.sqrt(2 * Math.PI) * sum);
}
