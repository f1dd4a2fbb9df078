/* One neuron in double precision, by gradient descent; the loss before each update is kept. */
#include <math.h>

long run(double *carried, double x, double expected, double rate, double *losses, long first, long last) {
    double w = *carried;
    for (long i = first; i < last; i++) {
        double z = w * x - expected;
        double loss = z * z;
        losses[i - first] = loss;
        w = w - rate * (2 * z * x);
        if (!isfinite(loss) || !isfinite(w)) {
            *carried = w;
            return i + 1;
        }
    }
    *carried = w;
    return last;
}
