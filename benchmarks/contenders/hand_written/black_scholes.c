/* W5: the price of a European call and its derivatives by spot, strike, rate, volatility and time, row by row. */

#include <math.h>

static double normal(double x) { return 0.5 * erfc(-x * 0.70710678118654752); }

void black_scholes(const double *restrict spot, const double *restrict strike, const double *restrict rate,
                   const double *restrict volatility, const double *restrict time, double *restrict price,
                   double *restrict by_spot, double *restrict by_strike, double *restrict by_rate,
                   double *restrict by_volatility, double *restrict by_time, long n)
{
    for (long row = 0; row < n; row++) {
        double s = spot[row], k = strike[row], r = rate[row], v = volatility[row], t = time[row];
        double root = sqrt(t), spread = v * root;
        double d1 = (log(s / k) + (r + 0.5 * v * v) * t) / spread;
        double d2 = d1 - spread;
        double n1 = normal(d1), n2 = normal(d2), discount = exp(-r * t);
        double density = exp(-0.5 * d1 * d1) * 0.39894228040143268;
        price[row] = s * n1 - k * discount * n2;
        by_spot[row] = n1;
        by_strike[row] = -discount * n2;
        by_rate[row] = k * t * discount * n2;
        by_volatility[row] = s * density * root;
        by_time[row] = s * density * v / (2.0 * root) + r * k * discount * n2;
    }
}
