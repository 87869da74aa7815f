/* W3, one full-batch step of micrograd's demo: the loss of 337 parameters over n points, and its gradient.

   Parameters come neuron by neuron, the weights before the bias: 2 inputs, 16, 16 and 1 neurons. */

#include <string.h>

enum { INPUTS = 2, WIDTH = 16, FIRST = WIDTH * (INPUTS + 1), SECOND = WIDTH * (WIDTH + 1), COUNT = FIRST + SECOND + WIDTH + 1 };

double moons(const double *restrict p, const double *restrict points, const double *restrict sides, long n,
             double *restrict gradient)
{
    const double *first = p, *second = p + FIRST, *last = p + FIRST + SECOND;
    double *by_first = gradient, *by_second = gradient + FIRST, *by_last = gradient + FIRST + SECOND;
    double total = 0.0, share = 1.0 / n;
    memset(gradient, 0, COUNT * sizeof(double));
    for (long row = 0; row < n; row++) {
        const double *x = points + INPUTS * row;
        double h1[WIDTH], h2[WIDTH], by_h1[WIDTH] = {0}, by_h2[WIDTH];
        for (int j = 0; j < WIDTH; j++) {
            const double *w = first + (INPUTS + 1) * j;
            double sum = w[INPUTS] + w[0] * x[0] + w[1] * x[1];
            h1[j] = sum > 0.0 ? sum : 0.0;
        }
        for (int j = 0; j < WIDTH; j++) {
            const double *w = second + (WIDTH + 1) * j;
            double sum = w[WIDTH];
            for (int k = 0; k < WIDTH; k++)
                sum += w[k] * h1[k];
            h2[j] = sum > 0.0 ? sum : 0.0;
        }
        double score = last[WIDTH];
        for (int k = 0; k < WIDTH; k++)
            score += last[k] * h2[k];
        double margin = 1.0 - sides[row] * score;
        if (margin <= 0.0)
            continue;
        total += margin;
        double by_score = -sides[row] * share;
        by_last[WIDTH] += by_score;
        for (int k = 0; k < WIDTH; k++) {
            by_last[k] += by_score * h2[k];
            by_h2[k] = h2[k] > 0.0 ? by_score * last[k] : 0.0;
        }
        for (int j = 0; j < WIDTH; j++) {
            if (by_h2[j] == 0.0)
                continue;
            const double *w = second + (WIDTH + 1) * j;
            double *by_w = by_second + (WIDTH + 1) * j;
            by_w[WIDTH] += by_h2[j];
            for (int k = 0; k < WIDTH; k++) {
                by_w[k] += by_h2[j] * h1[k];
                by_h1[k] += by_h2[j] * w[k];
            }
        }
        for (int j = 0; j < WIDTH; j++) {
            if (h1[j] <= 0.0)
                continue;
            double *by_w = by_first + (INPUTS + 1) * j;
            by_w[0] += by_h1[j] * x[0];
            by_w[1] += by_h1[j] * x[1];
            by_w[INPUTS] += by_h1[j];
        }
    }
    double squares = 0.0;
    for (int k = 0; k < COUNT; k++) {
        squares += p[k] * p[k];
        gradient[k] += 2e-4 * p[k];
    }
    return total * share + 1e-4 * squares;
}
