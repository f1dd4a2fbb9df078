/* A net 2-16-16-1 with tanh on 100 points, by gradient descent on all of them; the loss before each update is kept.
 *
 * A layer's 16 units lie side by side, as one vector. Each layer is done for all points at once, so that the points do
 * not wait for each other; tanh is that of the C library for vectors, which -ffast-math allows. The gradient of the
 * matrix between the layers stays in registers.
 */
#include <math.h>

#define POINTS 100
#define UNITS 16
#define TOGETHER 10 /* points whose sums are taken side by side */

typedef float Units __attribute__((vector_size(4 * UNITS)));

typedef struct {
    Units w1[2], b1, w2[UNITS], b2, w3;
    float b3;
} Net;

static Units h1[POINTS], h2[POINTS];

static void squash(Units *h) {
    float *values = (float *)h;
    for (int i = 0; i < POINTS * UNITS; i++) values[i] = tanhf(values[i]);
}

static float sum(Units x) {
    float total = 0;
    for (int k = 0; k < UNITS; k++) total += x[k];
    return total;
}

static float step(Net *restrict p, const float (*restrict points)[2], const float *restrict upper, float rate) {
    float score[POINTS], slope[POINTS], loss = 0;

    for (int i = 0; i < POINTS; i++) h1[i] = p->b1 + points[i][0] * p->w1[0] + points[i][1] * p->w1[1];
    squash(h1);
    for (int i = 0; i < POINTS; i += TOGETHER) {
        Units z[TOGETHER];
        for (int n = 0; n < TOGETHER; n++) z[n] = p->b2;
        for (int j = 0; j < UNITS; j++)
            for (int n = 0; n < TOGETHER; n++) z[n] += h1[i + n][j] * p->w2[j];
        for (int n = 0; n < TOGETHER; n++) h2[i + n] = z[n];
    }
    squash(h2);
    for (int i = 0; i < POINTS; i++) score[i] = p->b3 + sum(h2[i] * p->w3);
    for (int i = 0; i < POINTS; i++) {
        float e = expf(-fabsf(score[i]));
        loss += fmaxf(score[i], 0) + logf(1 + e) - upper[i] * score[i];
        slope[i] = ((score[i] >= 0 ? 1 : e) / (1 + e) - upper[i]) / POINTS;
    }

    Net d = {0};
    Units turned[UNITS]; /* w2 with its axes exchanged, so that the way back is along rows too */
    for (int j = 0; j < UNITS; j++)
        for (int k = 0; k < UNITS; k++) turned[k][j] = p->w2[j][k];
    for (int i = 0; i < POINTS; i++) {
        d.b3 += slope[i];
        d.w3 += slope[i] * h2[i];
        h2[i] = slope[i] * p->w3 * (1 - h2[i] * h2[i]);
        d.b2 += h2[i];
    }
    Units slopes[UNITS] = {0};
    for (int i = 0; i < POINTS; i++)
        for (int j = 0; j < UNITS; j++) slopes[j] += h1[i][j] * h2[i];
    for (int j = 0; j < UNITS; j++) d.w2[j] = slopes[j];
    for (int i = 0; i < POINTS; i += TOGETHER) {
        Units z[TOGETHER] = {0};
        for (int k = 0; k < UNITS; k++)
            for (int n = 0; n < TOGETHER; n++) z[n] += h2[i + n][k] * turned[k];
        for (int n = 0; n < TOGETHER; n++) {
            z[n] *= 1 - h1[i + n] * h1[i + n];
            d.b1 += z[n];
            d.w1[0] += points[i + n][0] * z[n];
            d.w1[1] += points[i + n][1] * z[n];
        }
    }

    p->w1[0] -= rate * d.w1[0], p->w1[1] -= rate * d.w1[1], p->b1 -= rate * d.b1;
    for (int j = 0; j < UNITS; j++) p->w2[j] -= rate * d.w2[j];
    p->b2 -= rate * d.b2, p->w3 -= rate * d.w3, p->b3 -= rate * d.b3;
    return loss / POINTS;
}

/* The net comes and goes as a row of numbers: w1, b1, w2, b2, w3, b3. */
void run(float *net, const float (*points)[2], const float *upper, float rate, float *losses, long steps) {
    Net p;
    float *inside = (float *)&p;
    for (int n = 0; n < 21 * UNITS + 1; n++) inside[n] = net[n];
    for (long i = 0; i < steps; i++) losses[i] = step(&p, points, upper, rate);
    for (int n = 0; n < 21 * UNITS + 1; n++) net[n] = inside[n];
}
