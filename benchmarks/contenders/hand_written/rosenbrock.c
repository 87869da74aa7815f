/* Rosenbrock's function and its gradient as one writes them by hand: what compiled traces are compared with. */

/* Returns the sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 and writes its derivative by each of n inputs. */
double rosenbrock(const double *restrict x, double *restrict gradient, long n)
{
    double total = 0.0;
    gradient[0] = 0.0;
    for (long i = 0; i + 1 < n; i++) {
        double difference = x[i + 1] - x[i] * x[i];
        double rest = 1 - x[i];
        total += 100 * (difference * difference) + rest * rest;
        double slope = 100 * (2 * difference);
        gradient[i] += -(2 * rest) - slope * x[i] - slope * x[i];
        gradient[i + 1] = slope;
    }
    return total;
}
