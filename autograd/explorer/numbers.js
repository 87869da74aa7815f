// The functions of C that the table's programs call, in JavaScript.  Python reads the names defined here:
// a row that calls any other function has no counterpart in the page.

const { acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, ceil, cos, cosh, exp, expm1, floor } = Math;
const { log, log10, log1p, log2, sin, sinh, sqrt, tan, tanh } = Math;
const fabs = Math.abs;
const exp2 = (x) => Math.pow(2, x);
const fmod = (x, y) => x % y;
const copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -fabs(x) : fabs(x));

// C has pow(1, y) = 1 and pow(-1, inf) = 1 where JavaScript has NaN.
const pow = (x, y) => (x === 1 || (x === -1 && fabs(y) === Infinity) ? 1 : Math.pow(x, y));

// The nearest whole number, of two the even one, with the sign of x.
const rint = (x) => {
  const below = floor(x);
  const up = x - below > 0.5 || (x - below === 0.5 && below % 2 !== 0);
  return copysign(up ? below + 1 : below, x);
};

// Exactly x less the nearest multiple of y, of two the even one: no quotient is rounded.
const remainder = (x, y) => {
  const size = fabs(y);
  let rest = fmod(fabs(x), 2 * size);
  if (rest + rest > size) {
    rest -= size;
    if (rest + rest >= size) rest -= size;
  }
  return copysign(1, x) * rest;
};

// x // y and x % y as Python defines them.
const modulo = (x, y) => {
  const rest = fmod(x, y);
  if (rest === 0) return copysign(0, y);
  return y < 0 !== rest < 0 ? rest + y : rest;
};

const floor_divide = (x, y) => {
  if (y === 0) return x / y;
  const rest = fmod(x, y);
  let quotient = (x - rest) / y;
  if (rest !== 0 && y < 0 !== rest < 0) quotient -= 1;
  if (quotient === 0) return copysign(0, x / y);
  const whole = floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
};
