/* W1 and its gradient: a reverse sweep written out by hand. */

#include <math.h>

double expression(const double *restrict in, double *restrict gradient)
{
    double x = in[0], y = in[1], z = in[2];
    double a = tanh(x * y + z);
    double e1 = exp(a - x);
    double below = y * y + 1.0;
    double b = e1 / below;
    double inside = b + z * z;
    double c = log(inside);
    double left = a - b, right = c + x;
    double d = left * right;
    double low = 2.0 + y;
    double e = tanh(d / low);

    double by_e = c, by_c = e, by_a = 1.0, by_z = -1.0, by_x = 0.0, by_y = 0.0;
    double by_quotient = by_e * (1.0 - e * e);
    double by_d = by_quotient / low;
    by_y -= by_quotient * d / (low * low);
    double by_left = by_d * right, by_right = by_d * left;
    by_a += by_left;
    double by_b = -by_left;
    by_c += by_right;
    by_x += by_right;
    double by_inside = by_c / inside;
    by_b += by_inside;
    by_z += by_inside * 2.0 * z;
    double by_e1 = by_b / below;
    by_y -= by_b * b / below * 2.0 * y;
    by_a += by_e1 * e1;
    by_x -= by_e1 * e1;
    double by_sum = by_a * (1.0 - a * a);
    gradient[0] = by_x + by_sum * y;
    gradient[1] = by_y + by_sum * x;
    gradient[2] = by_z + by_sum;
    return e * c + a - z;
}
